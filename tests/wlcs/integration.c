/*
 * What the Wayland conformance test suite loads: it has a compositor of tests/wlcs/compositor.py do what the tests say.
 *
 * WLVM_WLCS is the path of the socket that compositor.py listens at. Each server of the suite is a connection to it, and a process there;
 * each call is one request, answered when it is done.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <wayland-client-core.h>
#include <wlcs/display_server.h>
#include <wlcs/pointer.h>
#include <wlcs/touch.h>

/* tests/wlcs/compositor.py has the same. */
enum request { START, CLIENT, POSITION, MOVE_TO, MOVE_BY, BUTTON, TOUCH_DOWN, TOUCH_MOVE, TOUCH_UP };

struct message {
    uint32_t request;
    int32_t arguments[4];
};

struct server {
    WlcsDisplayServer base;
    int connection;
};

struct pointer {
    WlcsPointer base;
    struct server *server;
};

struct touch {
    WlcsTouch base;
    struct server *server;
};

/* Has a request done; `fd`, if it is not -1, goes with it and stays the caller's. False when the compositor has died. */
static int ask(struct server *server, struct message message, int fd)
{
    struct iovec data = {&message, sizeof message};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr header = {.msg_iov = &data, .msg_iovlen = 1};
    char answer;

    if (fd != -1) {
        header.msg_control = control.space;
        header.msg_controllen = sizeof control.space;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    }
    return sendmsg(server->connection, &header, MSG_NOSIGNAL) == sizeof message && recv(server->connection, &answer, 1, 0) == 1;
}

static void start(WlcsDisplayServer *base)
{
    struct server *server = (struct server *)base;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s", getenv("WLVM_WLCS"));
    server->connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(server->connection, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("WLVM_WLCS");
        abort();
    }
    ask(server, (struct message){START}, -1);
}

/* The compositor ends when its connection does, and with it the other end of the connection is closed. */
static void stop(WlcsDisplayServer *base)
{
    struct server *server = (struct server *)base;
    char nothing;

    shutdown(server->connection, SHUT_WR);
    while (recv(server->connection, &nothing, 1, 0) > 0)
        ;
    close(server->connection);
}

/* A client is known to the compositor by its file descriptor here, which wlcs has it connect by. */
static int create_client_socket(WlcsDisplayServer *base)
{
    struct server *server = (struct server *)base;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    ask(server, (struct message){CLIENT, {ends[0]}}, ends[1]);
    close(ends[1]);
    return ends[0];
}

static void position_window_absolute(WlcsDisplayServer *base, struct wl_display *client, struct wl_surface *surface, int x, int y)
{
    int number = (int)wl_proxy_get_id((struct wl_proxy *)surface);

    ask((struct server *)base, (struct message){POSITION, {wl_display_get_fd(client), number, x, y}}, -1);
}

static void move_absolute(WlcsPointer *base, wl_fixed_t x, wl_fixed_t y)
{
    ask(((struct pointer *)base)->server, (struct message){MOVE_TO, {x, y}}, -1);
}

static void move_relative(WlcsPointer *base, wl_fixed_t dx, wl_fixed_t dy)
{
    ask(((struct pointer *)base)->server, (struct message){MOVE_BY, {dx, dy}}, -1);
}

static void button_up(WlcsPointer *base, int button)
{
    ask(((struct pointer *)base)->server, (struct message){BUTTON, {button, 0}}, -1);
}

static void button_down(WlcsPointer *base, int button)
{
    ask(((struct pointer *)base)->server, (struct message){BUTTON, {button, 1}}, -1);
}

static void destroy_pointer(WlcsPointer *base)
{
    free(base);
}

static WlcsPointer *create_pointer(WlcsDisplayServer *base)
{
    struct pointer *pointer = calloc(1, sizeof *pointer);

    pointer->base = (WlcsPointer){WLCS_POINTER_VERSION, move_absolute, move_relative, button_up, button_down, destroy_pointer};
    pointer->server = (struct server *)base;
    return &pointer->base;
}

/* The suite gives whole pixels here, whatever the type says. */
static void touch_down(WlcsTouch *base, wl_fixed_t x, wl_fixed_t y)
{
    ask(((struct touch *)base)->server, (struct message){TOUCH_DOWN, {x, y}}, -1);
}

static void touch_move(WlcsTouch *base, wl_fixed_t x, wl_fixed_t y)
{
    ask(((struct touch *)base)->server, (struct message){TOUCH_MOVE, {x, y}}, -1);
}

static void touch_up(WlcsTouch *base)
{
    ask(((struct touch *)base)->server, (struct message){TOUCH_UP, {0}}, -1);
}

static void destroy_touch(WlcsTouch *base)
{
    free(base);
}

static WlcsTouch *create_touch(WlcsDisplayServer *base)
{
    struct touch *touch = calloc(1, sizeof *touch);

    touch->base = (WlcsTouch){WLCS_TOUCH_VERSION, touch_down, touch_move, touch_up, destroy_touch};
    touch->server = (struct server *)base;
    return &touch->base;
}

/* What wlvm advertises: wlcs skips the tests of what is not here. Made from docs/protocols.md. */
static WlcsExtensionDescriptor const globals[] = {
#include "globals.inc"
};
static WlcsIntegrationDescriptor const descriptor = {
    WLCS_INTEGRATION_DESCRIPTOR_VERSION, sizeof globals / sizeof globals[0], globals,
};

static WlcsIntegrationDescriptor const *get_descriptor(WlcsDisplayServer const *server)
{
    return &descriptor;
}

static WlcsDisplayServer *create_server(int argc, char const **argv)
{
    struct server *server = calloc(1, sizeof *server);

    server->base = (WlcsDisplayServer){
        .version = 2,
        .start = start,
        .stop = stop,
        .create_client_socket = create_client_socket,
        .position_window_absolute = position_window_absolute,
        .create_pointer = create_pointer,
        .create_touch = create_touch,
        .get_descriptor = get_descriptor,
    };
    return &server->base;
}

static void destroy_server(WlcsDisplayServer *server)
{
    free(server);
}

WlcsServerIntegration const wlcs_server_integration = {WLCS_SERVER_INTEGRATION_VERSION, create_server, destroy_server};
