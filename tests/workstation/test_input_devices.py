"""What the configuration sets on keyboards, mice and touchpads: as libinput tells it, and as a guest and the devices themselves notice it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from guests.testcard.launch import TestCard
from tests.clients.window import Client
from tests.wlvm_process import DEADLINE, Wlvm, eventually
from tests.workstation import terminal, uinput
from tests.workstation.hardware import Hardware, card
from tests.workstation.uinput import (
    BTN_LEFT,
    KEY_A,
    KEY_CAPSLOCK,
    KEY_X,
    KEY_Y,
    LED_CAPSL,
    LED_NUML,
    Keyboard,
    Mouse,
    Touchpad,
)
from wlvm.ipc.messages import InputListing

#: xkb's mask of Caps Lock.
CAPS_MASK = 1 << 1

VIRTIO = ("-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci")


@contextmanager
def session(runtime_dir: Path, config: str) -> Iterator[Wlvm]:
    environment = {"WLR_DRM_DEVICES": str(card("virtio-pci")), "WLR_RENDERER": "pixman"}
    with Wlvm(runtime_dir, config=config, backend="drm", **environment) as wlvm:
        yield wlvm


def shown(guest: TestCard) -> str:
    """The configuration of a guest that fills its screen."""
    return f'[[output]]\nmode = "640x480"\n[guest.card]\nqmp = "{guest.qmp_path}"\n'


def listed(wlvm: Wlvm, name: str) -> InputListing:
    """A device, once it is there: a little after it was plugged in."""

    def find() -> InputListing | None:
        return next((device for device in wlvm.control.inputs().inputs if device.name == name), None)

    device = eventually(f"{name} is there", find)
    assert device is not None
    return device


def setting(wlvm: Wlvm, name: str, key: str) -> Any:
    return listed(wlvm, name).settings[key]


def test_settings_are_as_libinput_tells_them(runtime_dir: Path) -> None:
    config = """
        [[input_device]]
        natural_scroll = true
        [[input_device]]
        kind = "pointer"
        accel_profile = "flat"
        accel_speed = -0.25
        [[input_device]]
        id = "1209:0002"
        left_handed = true
        middle_emulation = true
        scroll_method = "on_button_down"
        scroll_button = "right"
        scroll_button_lock = true
        [[input_device]]
        kind = "touchpad"
        events = "disabled_on_external_mouse"
        tap = true
        tap_button_map = "lmr"
        tap_drag = false
        tap_drag_lock = true
        click_method = "clickfinger"
        scroll_method = "edge"
        disable_while_typing = false
        [[input_device]]
        name = "Late*"
        tap = true
        accel_speed = 1
        [keyboard]
        layout = "de"
        repeat_rate = 40
        [[input_device]]
        name = "Acme Keys"
        layout = "us"
        variant = "dvorak"
        repeat_delay = 300
    """
    with (
        Mouse("Acme Mouse", 1), Mouse("Acme Trackball", 2), Keyboard("Acme Keys", 3), Touchpad("Acme Pad", 4),
        session(runtime_dir, config) as wlvm,
    ):  # fmt: skip
        plain = {
            "events": "enabled", "natural_scroll": True, "left_handed": False, "middle_emulation": False,
            "accel_profile": "flat", "accel_speed": -0.25,
            "scroll_method": "none", "scroll_button": "middle", "scroll_button_lock": False,
        }  # fmt: skip
        mouse = listed(wlvm, "Acme Mouse")
        assert (mouse.kind, mouse.id, mouse.settings) == ("pointer", "1209:0001", plain)
        assert listed(wlvm, "Acme Trackball").settings == {
            **plain, "left_handed": True, "middle_emulation": True,
            "scroll_method": "on_button_down", "scroll_button": "right", "scroll_button_lock": True,
        }  # fmt: skip
        pad = listed(wlvm, "Acme Pad")
        assert pad.kind == "touchpad"
        assert pad.settings == {
            "events": "disabled_on_external_mouse", "natural_scroll": True, "left_handed": False, "middle_emulation": False,
            "accel_profile": "adaptive", "accel_speed": 0, "scroll_method": "edge",
            "tap": True, "tap_button_map": "lmr", "tap_drag": False, "tap_drag_lock": True,
            "click_method": "clickfinger", "disable_while_typing": False,
        }  # fmt: skip
        keys = listed(wlvm, "Acme Keys")
        assert keys.settings == {
            "events": "enabled", "layout": "us", "variant": "dvorak", "model": "", "options": "",
            "repeat_rate": 40, "repeat_delay": 300,
        }  # fmt: skip
        assert keys.kind == "keyboard"
        assert setting(wlvm, "QEMU Virtio Keyboard", "layout") == "de"
        assert "input_device: Acme" not in wlvm.log, "nothing was refused"
        with Mouse("Late Mouse", 5):
            assert setting(wlvm, "Late Mouse", "accel_speed") == 1, "what else is asked of it is done"
            wlvm.wait_for_log("Late Mouse (pointer, 1209:0005): tap = true: the device has no tap")
        eventually("it is gone", lambda: "Late Mouse" not in [d.name for d in wlvm.control.inputs().inputs])
        terminal.activate(2)
        eventually("the devices are another session's", lambda: terminal.active() == 2)
        with Mouse("Away Mouse", 6) as away:
            terminal.activate(1)

            def told() -> bool:
                """libinput tells of the devices that it has opened with the first event from one."""
                away.move(1, 1)
                return any(device.name == away.name for device in wlvm.control.inputs().inputs)

            eventually("the devices are ours again", told)
            assert listed(wlvm, "Away Mouse").settings == plain
            assert listed(wlvm, "Acme Mouse").settings == plain, "libinput has opened all of them anew"
            assert listed(wlvm, "Acme Keys").settings == keys.settings


def test_kinds_that_nobody_has_a_use_for_are_told_and_left_alone(runtime_dir: Path) -> None:
    make = {
        "tablet": uinput.tablet,
        "tablet pad": uinput.tablet_pad,
        "switch": uinput.lid,
    }
    with session(runtime_dir, "[[input_device]]\nleft_handed = true\n") as wlvm:
        for product, (kind, device) in enumerate(make.items(), 16):
            with device(f"Acme {kind}", product) as plugged:
                assert listed(wlvm, f"Acme {kind}").kind == kind
                if kind == "tablet":
                    plugged.send((uinput.EV_KEY, uinput.BTN_TOOL_PEN, 1), (uinput.EV_ABS, uinput.ABS_X, 9))
                elif kind == "tablet pad":
                    plugged.tap(uinput.BTN_0)
                else:
                    plugged.send((uinput.EV_SW, uinput.SW_LID, 1))
        eventually("all are gone", lambda: not [d for d in wlvm.control.inputs().inputs if d.kind in make])


def test_a_guest_notices_what_is_set(hardware: Hardware, runtime_dir: Path, qemu: str) -> None:
    settings = """
        [[input_device]]
        kind = "pointer"
        accel_profile = "flat"
        [[input_device]]
        name = "Fast Mouse"
        accel_speed = 0.5
        natural_scroll = true
        left_handed = true
        [[input_device]]
        name = "Dead Mouse"
        events = "disabled"
        [[input_device]]
        kind = "touchpad"
        tap = true
        tap_button_map = "lmr"
    """
    with ExitStack() as stack:
        guest = stack.enter_context(
            TestCard(qemu, "virtio-gpu", "mode=640x480", VIRTIO, start_timeout=DEADLINE)
        )
        mouse, fast, dead = (
            stack.enter_context(Mouse(f"{name} Mouse", number))
            for number, name in enumerate(("Acme", "Fast", "Dead"), 32)
        )
        pad = stack.enter_context(Touchpad("Acme Pad", 36))
        wlvm = stack.enter_context(session(runtime_dir, settings + shown(guest)))
        wlvm.wait_for_picture("card")
        for name in ("Acme Mouse", "Fast Mouse", "Dead Mouse", "Acme Pad"):
            listed(wlvm, name)

        def hears(line: str) -> None:
            """The next line of its kind that the guest says is this one."""
            kind = line.split(maxsplit=1)[0]
            assert guest.wait_for(kind, DEADLINE).startswith(line)

        def is_at(x: int, y: int) -> None:
            """The guest's pointer comes to this pixel, and then is nowhere else."""
            while not guest.wait_for("abs", DEADLINE).endswith(f"px={x},{y}"):
                pass

        mouse.move(-5000, -5000)
        mouse.move(40, 20)
        is_at(40, 20)
        dead.move(7, 7)
        fast.move(100, 60)
        is_at(40 + 150, 20 + 90)
        mouse.move(100, 60)
        is_at(290, 170)
        fast.move(-100, 31)
        is_at(140, 170 + 46)

        mouse.wheel(1)
        hears("wheel 1 ")
        fast.wheel(1)
        hears("wheel -1 ")

        mouse.tap(BTN_LEFT)
        hears("button left down")
        hears("button left up")
        fast.tap(BTN_LEFT)
        hears("button right down")
        hears("button right up")

        dead.tap(BTN_LEFT)
        pad.tap_with(1)
        hears("button left down")
        hears("button left up")
        pad.tap_with(2)
        hears("button middle down")
        hears("button middle up")


def test_a_touchpad_does_not_click_where_nobody_asked_for_taps(
    hardware: Hardware, runtime_dir: Path, qemu: str
) -> None:
    with (
        TestCard(qemu, "virtio-gpu", "mode=640x480", VIRTIO, start_timeout=DEADLINE) as guest,
        Mouse("Acme Mouse", 48) as mouse,
        Touchpad("Acme Pad", 49) as pad,
        session(runtime_dir, shown(guest)) as wlvm,
    ):
        wlvm.wait_for_picture("card")
        mouse.move(-5000, -5000)
        mouse.move(1, 1)
        assert not setting(wlvm, "Acme Pad", "tap")
        pad.tap_with(1)
        mouse.tap(uinput.BTN_RIGHT)
        assert guest.wait_for("button", DEADLINE).startswith("button right down")


def test_a_finger_on_a_touchscreen_is_where_it_is_on_the_screen(
    hardware: Hardware, runtime_dir: Path, qemu: str
) -> None:
    with (
        TestCard(qemu, "virtio-gpu", "mode=640x480", VIRTIO, start_timeout=DEADLINE) as guest,
        uinput.touchscreen("Acme Screen", 50) as screen,
        session(runtime_dir, shown(guest)) as wlvm,
    ):
        wlvm.wait_for_picture("card")
        assert listed(wlvm, "Acme Screen").kind == "touch"
        x, y = uinput.WIDTH // 2, uinput.HEIGHT // 4
        screen.send(
            (uinput.EV_ABS, uinput.ABS_MT_SLOT, 0), (uinput.EV_ABS, uinput.ABS_MT_TRACKING_ID, 1),
            (uinput.EV_ABS, uinput.ABS_MT_POSITION_X, x), (uinput.EV_ABS, uinput.ABS_MT_POSITION_Y, y),
            (uinput.EV_ABS, uinput.ABS_X, x), (uinput.EV_ABS, uinput.ABS_Y, y), (uinput.EV_KEY, uinput.BTN_TOUCH, 1),
        )  # fmt: skip
        guest.wait_for("button left down", DEADLINE)
        # The device has one more place than the fraction says: WIDTH is its greatest value.
        place = next(line for line in reversed(guest.heard) if line.startswith("abs"))
        column, row = map(int, place.rpartition("px=")[2].split(","))
        assert abs(column - 320) <= 1
        assert abs(row - 120) <= 1
        screen.send((uinput.EV_ABS, uinput.ABS_MT_TRACKING_ID, -1), (uinput.EV_KEY, uinput.BTN_TOUCH, 0))
        guest.wait_for("button left up", DEADLINE)


def test_a_guest_with_a_mouse_hears_what_the_device_counts(
    hardware: Hardware, runtime_dir: Path, qemu: str
) -> None:
    """Whatever acceleration the cursor has; and the lock ends when another session comes to the front."""
    config = '[[input_device]]\nkind = "pointer"\naccel_profile = "flat"\naccel_speed = 1\n'
    with (
        TestCard(qemu, "virtio-gpu", "mode=640x480", start_timeout=DEADLINE) as guest,
        Mouse("Acme Mouse", 51) as mouse,
        session(runtime_dir, config + shown(guest)) as wlvm,
    ):
        wlvm.wait_for_picture("card")
        listed(wlvm, mouse.name)
        mouse.tap(BTN_LEFT)
        guest.wait_for("button left up", DEADLINE)
        mouse.move(11, -7)
        assert guest.wait_for("rel", DEADLINE).startswith("rel 11 -7")
        terminal.activate(2)
        eventually("the devices are another session's", lambda: terminal.active() == 2)
        terminal.activate(1)
        eventually("they are ours again", lambda: terminal.active() == 1)

        def clicked() -> bool:
            """libinput tells of devices that it has opened anew with the first event from one."""
            mouse.move(3, 3)
            mouse.tap(uinput.BTN_RIGHT)
            return any(line.startswith("button right") for line in guest.lines())

        eventually("a click reaches the guest", clicked)
        heard = guest.heard[
            : next(i for i, line in enumerate(guest.heard) if line.startswith("button right"))
        ]
        assert not [
            line for line in heard[heard.index("button left up via=ps2") :] if line.startswith("rel 3 3")
        ]


def test_caps_lock_is_one_for_all_keyboards_of_a_layout_and_so_is_its_light(runtime_dir: Path) -> None:
    config = '[[input_device]]\nname = "German Keys"\nlayout = "de"\n'
    with (
        Keyboard("First Keys", 64) as first,
        Keyboard("Second Keys", 65) as second,
        Keyboard("German Keys", 66) as german,
        session(runtime_dir, config) as wlvm,
    ):
        for name in ("First Keys", "Second Keys", "German Keys"):
            listed(wlvm, name)
        first.tap(KEY_CAPSLOCK)
        eventually("two are lit", lambda: first.light(LED_CAPSL) and second.light(LED_CAPSL))
        assert not german.light(LED_CAPSL)
        with Keyboard("Late Keys", 67) as late:
            eventually("it is lit when it comes", lambda: late.light(LED_CAPSL))
            second.tap(KEY_CAPSLOCK)
            keyboards = (first, second, late)
            eventually("all are dark", lambda: not any(each.light(LED_CAPSL) for each in keyboards))


def test_the_lights_are_the_guests_while_it_has_the_keyboard(qemu: str, runtime_dir: Path) -> None:
    with (
        TestCard(qemu, "virtio-gpu", "mode=640x480 lights", VIRTIO, start_timeout=DEADLINE) as guest,
        Keyboard("Acme Keys", 3) as keys,
        session(runtime_dir, shown(guest)) as wlvm,
    ):
        listed(wlvm, keys.name)
        wlvm.wait_for_picture("card")
        guest.command("lights 6")
        eventually("they are lit", lambda: keys.light(LED_CAPSL) and keys.light(LED_NUML))
        with Client(runtime_dir / wlvm.display) as client:
            client.window(0xFF0000)
            wlvm.control.command("focus app *")
            eventually("they are dark", lambda: not (keys.light(LED_CAPSL) or keys.light(LED_NUML)))
            wlvm.control.command("focus guest card")
            guest.wait_for("lights 0", DEADLINE)
            keys.tap(KEY_CAPSLOCK)
            guest.wait_for("lights 4", DEADLINE)
            wlvm.control.command("focus app *")
            keys.tap(KEY_A)
            client.wait_for("the key", lambda: client.named("keyboard key"))
            assert client.named("keyboard modifiers")[-1][3] == CAPS_MASK
            assert keys.light(LED_CAPSL)


def test_an_edited_file_sets_the_devices_that_are_there(runtime_dir: Path) -> None:
    natural = '[[input_device]]\nname = "Acme Mouse"\nnatural_scroll = true\n'
    with (
        Mouse("Acme Mouse", 1) as mouse,
        Keyboard("Acme Keys", 3) as keys,
        session(runtime_dir, natural) as wlvm,
    ):
        assert setting(wlvm, mouse.name, "natural_scroll") is True
        assert setting(wlvm, keys.name, "layout") == "us"
        (runtime_dir / "config.toml").write_text('[keyboard]\nlayout = "de"\n')
        eventually("the layout is another", lambda: setting(wlvm, keys.name, "layout") == "de")
        assert setting(wlvm, mouse.name, "natural_scroll") is False, "what nobody sets is as the device came"


def test_the_reserved_key_is_no_modifier_and_no_lock(runtime_dir: Path) -> None:
    """Neither a key nor a modifier of it reaches a program, also where the layout makes a lock of it."""
    config = '[keys]\nreserved = "caps_lock"\n[bindings]\n"Reserved+x" = "workspace other"\n"Reserved+y" = "workspace 1"\n'
    with Keyboard("Acme Keys", 3) as keys, session(runtime_dir, config) as wlvm:
        listed(wlvm, keys.name)
        with Client(runtime_dir / wlvm.display) as client:
            window = client.window(0xFF0000)
            client.wait_for("it has the keyboard", lambda: client.named("keyboard enter"))
            keys.key(KEY_CAPSLOCK, True)
            keys.tap(KEY_X)
            client.wait_for("it is hidden", lambda: client.named("keyboard leave"))
            keys.tap(KEY_Y)
            client.wait_for("it is back", lambda: len(client.named("keyboard enter")) == 2)
            keys.key(KEY_CAPSLOCK, False)
            keys.tap(KEY_A)
            client.wait_for("the key", lambda: len(client.named("keyboard key")) == 2)
            assert {event[2] for event in client.named("keyboard key")} == {KEY_A}
            assert {event[1:] for event in client.named("keyboard modifiers")} == {(0, 0, 0, 0)}
            assert not keys.light(LED_CAPSL)
            window.destroy()
