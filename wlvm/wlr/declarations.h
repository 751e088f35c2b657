/*
 * What wlvm calls and reads of C beside what pywlroots and pywayland know, as wlroots 0.16 has it.
 * scripts/generate-declarations makes declarations.py of it.
 */

/* libwayland-server */
struct wl_list { struct wl_list *prev; struct wl_list *next; };
void wl_list_insert(struct wl_list *list, struct wl_list *elm);
void wl_list_remove(struct wl_list *elm);
int wl_list_empty(const struct wl_list *list);
struct wl_array { size_t size; size_t alloc; void *data; };
struct wl_signal { struct wl_list listener_list; };
struct wl_listener { struct wl_list link; void *notify; };
struct wl_event_loop;
struct wl_event_source;
struct wl_display;
typedef int (*wl_event_loop_fd_func_t)(int fd, uint32_t mask, void *data);
typedef int (*wl_event_loop_timer_func_t)(void *data);
struct wl_event_loop *wl_display_get_event_loop(struct wl_display *display);
struct wl_event_source *wl_event_loop_add_fd(struct wl_event_loop *loop, int fd, uint32_t mask,
    wl_event_loop_fd_func_t func, void *data);
int wl_event_source_fd_update(struct wl_event_source *source, uint32_t mask);
struct wl_event_source *wl_event_loop_add_timer(struct wl_event_loop *loop,
    wl_event_loop_timer_func_t func, void *data);
int wl_event_source_timer_update(struct wl_event_source *source, int ms_delay);
int wl_event_source_remove(struct wl_event_source *source);
void wl_display_destroy_clients(struct wl_display *display);
struct wl_client;
struct wl_global;
struct wl_interface { const char *name; int version; };
typedef int32_t pid_t;
typedef uint32_t uid_t;
typedef uint32_t gid_t;
typedef bool (*wl_display_global_filter_func_t)(const struct wl_client *client, const struct wl_global *global, void *data);
void wl_display_set_global_filter(struct wl_display *display, wl_display_global_filter_func_t filter, void *data);
const struct wl_interface *wl_global_get_interface(const struct wl_global *global);
typedef void (*wl_global_bind_func_t)(struct wl_client *client, void *data, uint32_t version, uint32_t id);
struct wl_global *wl_global_create(struct wl_display *display, const struct wl_interface *interface, int version,
    void *data, wl_global_bind_func_t bind);
void wl_client_post_no_memory(struct wl_client *client);
union wl_argument { int32_t i; uint32_t u; int32_t f; const char *s; void *o; uint32_t n; void *a; int32_t h; };
struct wl_resource;
typedef int (*wl_dispatcher_func_t)(const void *implementation, void *target, uint32_t opcode, const void *message,
    union wl_argument *arguments);
typedef void (*wl_resource_destroy_func_t)(struct wl_resource *resource);
struct wl_resource *wl_resource_create(struct wl_client *client, const struct wl_interface *interface, int version,
    uint32_t id);
void wl_resource_set_dispatcher(struct wl_resource *resource, wl_dispatcher_func_t dispatcher,
    const void *implementation, void *data, wl_resource_destroy_func_t destroy);
struct wl_resource *wl_resource_from_link(struct wl_list *resource);
struct wl_client *wl_resource_get_client(struct wl_resource *resource);
void *wl_resource_get_user_data(struct wl_resource *resource);
void wl_resource_destroy(struct wl_resource *resource);
void wl_resource_post_error(struct wl_resource *resource, uint32_t code, const char *format, ...);
void wl_resource_post_event(struct wl_resource *resource, uint32_t opcode, ...);
struct wl_display *wl_display_create(void);
struct wl_protocol_logger_message;
typedef void (*wl_protocol_logger_func_t)(void *data, int type, const struct wl_protocol_logger_message *message);
struct wl_protocol_logger *wl_display_add_protocol_logger(struct wl_display *display, wl_protocol_logger_func_t func,
    void *data);
int wl_display_init_shm(struct wl_display *display);
int wl_event_loop_dispatch(struct wl_event_loop *loop, int timeout);
struct wl_client *wl_client_create(struct wl_display *display, int fd);
void wl_client_destroy(struct wl_client *client);
void wl_client_flush(struct wl_client *client);
struct wl_resource *wl_client_get_object(struct wl_client *client, uint32_t id);
struct wl_shm_buffer;
struct wl_shm_buffer *wl_shm_buffer_get(struct wl_resource *resource);
void *wl_shm_buffer_get_data(struct wl_shm_buffer *buffer);
void wl_shm_buffer_begin_access(struct wl_shm_buffer *buffer);
void wl_shm_buffer_end_access(struct wl_shm_buffer *buffer);
void wl_client_get_credentials(const struct wl_client *client, pid_t *pid, uid_t *uid, gid_t *gid);

/* libxkbcommon */
struct xkb_keymap;
struct xkb_state;
uint32_t xkb_keymap_key_get_syms_by_level(struct xkb_keymap *keymap, uint32_t key, uint32_t layout,
    uint32_t level, const uint32_t **syms_out);
uint32_t xkb_keymap_num_levels_for_key(struct xkb_keymap *keymap, uint32_t key, uint32_t layout);
size_t xkb_keymap_key_get_mods_for_level(struct xkb_keymap *keymap, uint32_t key, uint32_t layout, uint32_t level,
    uint32_t *masks_out, size_t masks_size);
uint32_t xkb_keymap_min_keycode(struct xkb_keymap *keymap);
uint32_t xkb_keymap_max_keycode(struct xkb_keymap *keymap);
uint32_t xkb_keymap_num_layouts(struct xkb_keymap *keymap);
uint32_t xkb_keymap_num_layouts_for_key(struct xkb_keymap *keymap, uint32_t key);
uint32_t xkb_state_key_get_one_sym(struct xkb_state *state, uint32_t key);
uint32_t xkb_state_key_get_layout(struct xkb_state *state, uint32_t key);
struct xkb_keymap *xkb_state_get_keymap(struct xkb_state *state);
struct xkb_state *xkb_state_new(struct xkb_keymap *keymap);
int xkb_state_update_mask(struct xkb_state *state, uint32_t depressed_mods, uint32_t latched_mods, uint32_t locked_mods,
    uint32_t depressed_layout, uint32_t latched_layout, uint32_t locked_layout);
void xkb_state_unref(struct xkb_state *state);
uint32_t xkb_keysym_to_utf32(uint32_t symbol);
uint32_t xkb_keysym_from_name(const char *name, int flags);

/* libwlroots 0.16: render/dmabuf.h, types/wlr_buffer.h (unchanged in 0.17), util/addon.h */
struct wlr_dmabuf_attributes {
    int32_t width, height;
    uint32_t format;
    uint64_t modifier;
    int n_planes;
    uint32_t offset[4];
    uint32_t stride[4];
    int fd[4];
};
struct wlr_buffer;
struct wlr_buffer_impl {
    void (*destroy)(struct wlr_buffer *buffer);
    bool (*get_dmabuf)(struct wlr_buffer *buffer, struct wlr_dmabuf_attributes *attribs);
    bool (*get_shm)(struct wlr_buffer *buffer, void *attribs);
    bool (*begin_data_ptr_access)(struct wlr_buffer *buffer, uint32_t flags, void **data,
        uint32_t *format, size_t *stride);
    void (*end_data_ptr_access)(struct wlr_buffer *buffer);
};
struct wlr_buffer {
    const struct wlr_buffer_impl *impl;
    int width, height;
    bool dropped;
    size_t n_locks;
    bool accessing_data_ptr;
    struct { struct wl_signal destroy; struct wl_signal release; } events;
    struct { struct wl_list addons; } addons;
};
void wlr_buffer_init(struct wlr_buffer *buffer, const struct wlr_buffer_impl *impl, int width, int height);
void wlr_buffer_drop(struct wlr_buffer *buffer);
struct wlr_buffer *wlr_buffer_lock(struct wlr_buffer *buffer);
void wlr_buffer_unlock(struct wlr_buffer *buffer);
bool wlr_buffer_get_dmabuf(struct wlr_buffer *buffer, struct wlr_dmabuf_attributes *attribs);
bool wlr_buffer_begin_data_ptr_access(struct wlr_buffer *buffer, uint32_t flags, void **data,
    uint32_t *format, size_t *stride);
void wlr_buffer_end_data_ptr_access(struct wlr_buffer *buffer);

/* libpixman */
struct pixman_box32 { int32_t x1, y1, x2, y2; };
struct pixman_region32 { struct pixman_box32 extents; void *data; };
int pixman_region32_init_rects(struct pixman_region32 *region, const struct pixman_box32 *boxes, int count);
int pixman_region32_intersect_rect(struct pixman_region32 *region, const struct pixman_region32 *source,
    int x, int y, unsigned int width, unsigned int height);
void pixman_region32_fini(struct pixman_region32 *region);
int pixman_region32_contains_point(const struct pixman_region32 *region, int x, int y, struct pixman_box32 *box);
union pixman_image;
int pixman_image_set_filter(union pixman_image *image, int filter, const int32_t *parameters, int count);
void pixman_image_set_repeat(union pixman_image *image, int repeat);
int pixman_image_set_clip_region32(union pixman_image *image, const struct pixman_region32 *region);
void pixman_image_set_has_client_clip(union pixman_image *image, int clip_is_from_client);
void pixman_image_set_source_clipping(union pixman_image *image, int source_clipping);

/* libwlroots 0.16: backend/wayland.h, backend/x11.h, backend/drm.h, types/wlr_output.h, types/wlr_damage_ring.h */
struct wlr_output;
struct wlr_output_mode { int32_t width, height; int32_t refresh; bool preferred; int picture_aspect_ratio; struct wl_list link; };
struct wlr_output_state {
    uint32_t committed;
    bool allow_artifacts;
    struct pixman_region32 damage;
    bool enabled;
    float scale;
    int transform;
    bool adaptive_sync_enabled;
    uint32_t render_format;
    int subpixel;
    struct wlr_buffer *buffer;
    int mode_type;
    struct wlr_output_mode *mode;
    struct { int32_t width, height, refresh; } custom_mode;
    uint16_t *gamma_lut;
    size_t gamma_lut_size;
};
void wlr_output_state_set_enabled(struct wlr_output_state *state, bool enabled);
void wlr_output_state_set_mode(struct wlr_output_state *state, struct wlr_output_mode *mode);
void wlr_output_state_set_custom_mode(struct wlr_output_state *state, int32_t width, int32_t height, int32_t refresh);
void wlr_output_state_set_scale(struct wlr_output_state *state, float scale);
void wlr_output_state_set_transform(struct wlr_output_state *state, int transform);
bool wlr_output_test_state(struct wlr_output *output, const struct wlr_output_state *state);
bool wlr_output_commit_state(struct wlr_output *output, const struct wlr_output_state *state);
size_t wlr_output_get_gamma_size(struct wlr_output *output);
struct wlr_damage_ring;
struct wlr_output_event_commit {
    struct wlr_output *output;
    uint32_t committed;
    void *when;
    struct wlr_buffer *buffer;
};
struct timespec { int64_t tv_sec; long tv_nsec; };
struct wlr_output_event_present {
    struct wlr_output *output;
    uint32_t commit_seq;
    bool presented;
    struct timespec *when;
    unsigned int seq;
    int refresh;
    uint32_t flags;
};
void wlr_wl_output_set_title(struct wlr_output *output, const char *title);
void wlr_x11_output_set_title(struct wlr_output *output, const char *title);
bool wlr_output_is_wl(struct wlr_output *output);
bool wlr_output_is_x11(struct wlr_output *output);
bool wlr_output_is_drm(struct wlr_output *output);
bool wlr_output_is_headless(struct wlr_output *output);
void wlr_output_send_present(struct wlr_output *output, struct wlr_output_event_present *event);
void wlr_output_schedule_frame(struct wlr_output *output);
void wlr_output_rollback(struct wlr_output *output);
void wlr_output_lock_attach_render(struct wlr_output *output, bool lock);
void wlr_damage_ring_add_whole(struct wlr_damage_ring *ring);
void wlr_damage_ring_rotate(struct wlr_damage_ring *ring);

/* libwlroots 0.16: types/wlr_output_management_v1.h */
struct wlr_output_head_v1_state {
    struct wlr_output *output;
    bool enabled;
    struct wlr_output_mode *mode;
    struct { int32_t width, height, refresh; } custom_mode;
    int32_t x, y;
    int transform;
    float scale;
    bool adaptive_sync_enabled;
};
struct wlr_output_head_v1 {
    struct wlr_output_head_v1_state state;
    void *manager;
    struct wl_list link;
    struct wl_list resources;
    struct wl_list mode_resources;
    struct wl_listener output_destroy;
};

/* libwlroots 0.16: types/wlr_screencopy_v1.h, types/wlr_export_dmabuf_v1.h, render/allocator.h */
struct wlr_screencopy_manager_v1 { struct wl_global *global; struct wl_list frames; };
struct wlr_screencopy_frame_v1 {
    void *resource;
    void *client;
    struct wl_list link;
    uint32_t shm_format, dmabuf_format;
    struct { int x, y, width, height; } box;
    int shm_stride;
    bool overlay_cursor, cursor_locked;
    bool with_damage;
    int buffer_cap;
    struct wlr_buffer *buffer;
    struct wlr_output *output;
    struct wl_listener output_commit;
    struct wl_listener output_destroy;
    struct wl_listener output_enable;
    void *data;
};
struct wlr_export_dmabuf_manager_v1 { struct wl_global *global; struct wl_list frames; };
struct wlr_export_dmabuf_frame_v1 {
    void *resource;
    struct wlr_export_dmabuf_manager_v1 *manager;
    struct wl_list link;
    struct wlr_output *output;
    bool cursor_locked;
    struct wl_listener output_commit;
};
struct wlr_allocator { const void *impl; uint32_t buffer_caps; };

/* libwlroots 0.16: backend.h, backend/multi.h, backend/session.h */
struct wlr_backend;
int wlr_backend_get_drm_fd(struct wlr_backend *backend);
bool wlr_backend_is_drm(struct wlr_backend *backend);
void wlr_multi_for_each_backend(struct wlr_backend *backend,
    void (*callback)(struct wlr_backend *backend, void *data), void *data);
struct wlr_session {
    bool active;
    unsigned int vtnr;
    char seat[256];
    void *udev;
    void *mon;
    struct wl_event_source *udev_event;
    void *seat_handle;
    struct wl_event_source *libseat_event;
    struct wl_list devices;
    struct wl_display *display;
    struct wl_listener display_destroy;
    struct { struct wl_signal active; struct wl_signal add_drm_card; struct wl_signal destroy; } events;
};

/* libwlroots 0.16: types/wlr_seat.h, its beginning */
struct wlr_seat_client { struct wl_client *client; };
bool wlr_seat_client_validate_event_serial(struct wlr_seat_client *client, uint32_t serial);

/* libwlroots 0.16: types/wlr_data_device.h, types/wlr_primary_selection.h, their beginnings */
struct wlr_data_source { const void *impl; struct wl_array mime_types; };
struct wlr_primary_selection_source { const void *impl; struct wl_array mime_types; };
void wlr_data_source_send(struct wlr_data_source *source, const char *mime_type, int32_t fd);
void wlr_primary_selection_source_send(struct wlr_primary_selection_source *source, const char *mime_type, int fd);

/* libwlroots 0.16: types/wlr_region.h, util/region.h */
bool wlr_region_confine(const struct pixman_region32 *region, double x1, double y1, double x2, double y2,
    double *x2_out, double *y2_out);

/* libwlroots 0.16: types/wlr_cursor.h */
struct wlr_cursor;
void wlr_cursor_set_image(struct wlr_cursor *cursor, const uint8_t *pixels, int32_t stride,
    uint32_t width, uint32_t height, int32_t hotspot_x, int32_t hotspot_y, float scale);

/* libwlroots 0.16: types/wlr_xdg_activation_v1.h, its beginning */
struct wlr_xdg_activation_token_v1 { void *activation; void *surface; void *seat; uint32_t serial; };

/* libwlroots 0.16: interfaces/wlr_keyboard.h */
struct wlr_keyboard;
void wlr_keyboard_init(struct wlr_keyboard *keyboard, const void *impl, const char *name);
void wlr_keyboard_finish(struct wlr_keyboard *keyboard);

/* libwlroots 0.16: render/wlr_renderer.h */
struct wlr_renderer;
bool wlr_renderer_is_pixman(struct wlr_renderer *renderer);
bool wlr_renderer_is_gles2(struct wlr_renderer *renderer);
bool wlr_renderer_begin_with_buffer(struct wlr_renderer *renderer, struct wlr_buffer *buffer);
bool wlr_renderer_read_pixels(struct wlr_renderer *renderer, uint32_t format, uint32_t stride, uint32_t width,
    uint32_t height, uint32_t src_x, uint32_t src_y, uint32_t dst_x, uint32_t dst_y, void *data);
void wlr_renderer_end(struct wlr_renderer *renderer);
struct wlr_drm_format_set;
const struct wlr_drm_format_set *wlr_renderer_get_dmabuf_texture_formats(struct wlr_renderer *renderer);

/* libwlroots 0.16: render/drm_format_set.h, render/wlr_texture.h */
bool wlr_drm_format_set_has(const struct wlr_drm_format_set *set, uint32_t format, uint64_t modifier);
struct wlr_texture;
struct wlr_texture *wlr_texture_from_buffer(struct wlr_renderer *renderer, struct wlr_buffer *buffer);
void wlr_texture_destroy(struct wlr_texture *texture);
bool wlr_texture_update_from_buffer(struct wlr_texture *texture, struct wlr_buffer *buffer,
    struct pixman_region32 *damage);
bool wlr_texture_is_pixman(struct wlr_texture *texture);
union pixman_image *wlr_pixman_texture_get_image(struct wlr_texture *texture);

/* libwlroots 0.16: render/gles2.h, render/egl.h; libGLESv2 */
struct wlr_egl;
struct wlr_renderer *wlr_gles2_renderer_create_with_drm_fd(int drm_fd);
struct wlr_egl *wlr_gles2_renderer_get_egl(struct wlr_renderer *renderer);
struct wlr_egl_context { void *display, *context, *draw_surface, *read_surface; };
void wlr_egl_save_context(struct wlr_egl_context *context);
bool wlr_egl_restore_context(struct wlr_egl_context *context);
bool wlr_egl_make_current(struct wlr_egl *egl);
struct wlr_gles2_texture_attribs { unsigned int target, tex; bool has_alpha; };
void wlr_gles2_texture_get_attribs(struct wlr_texture *texture, struct wlr_gles2_texture_attribs *attribs);
const unsigned char *glGetString(unsigned int name);
void glBindTexture(unsigned int target, unsigned int texture);
void glTexParameteri(unsigned int target, unsigned int name, int value);

/* libwlroots 0.16: types/wlr_scene.h, the private end of struct wlr_scene_buffer */
struct wlr_scene_private {
    struct wl_listener presentation_destroy;
    int debug_damage_option;
    bool direct_scanout, calculate_visibility;
};
struct wlr_scene_buffer_private {
    uint64_t active_outputs;
    struct wlr_texture *texture;
    double src_box[4];
    int dst_width, dst_height;
    int transform;
    struct pixman_region32 opaque_region;
};

/* libwayland-client and libxcb, which libwlroots brings */
struct wl_client_display;
struct wl_client_display *wl_display_connect(const char *name);
void wl_display_disconnect(struct wl_client_display *display);
typedef struct xcb_connection_t xcb_connection_t;
xcb_connection_t *xcb_connect(const char *name, int *screen);
int xcb_connection_has_error(xcb_connection_t *connection);
void xcb_disconnect(xcb_connection_t *connection);

/* libwlroots 0.16: backend/libinput.h */
struct wlr_input_device;
struct libinput_device;
bool wlr_input_device_is_libinput(struct wlr_input_device *device);
struct libinput_device *wlr_libinput_get_device_handle(struct wlr_input_device *device);

/* libinput 1.15 and later. Its enums are ints, masks of them unsigned; what sets something returns an enum libinput_config_status. */
uint32_t libinput_device_config_send_events_get_modes(struct libinput_device *device);
int libinput_device_config_send_events_set_mode(struct libinput_device *device, uint32_t mode);
uint32_t libinput_device_config_send_events_get_mode(struct libinput_device *device);
int libinput_device_config_accel_is_available(struct libinput_device *device);
int libinput_device_config_accel_set_speed(struct libinput_device *device, double speed);
double libinput_device_config_accel_get_speed(struct libinput_device *device);
uint32_t libinput_device_config_accel_get_profiles(struct libinput_device *device);
int libinput_device_config_accel_set_profile(struct libinput_device *device, int profile);
int libinput_device_config_accel_get_profile(struct libinput_device *device);
int libinput_device_config_scroll_has_natural_scroll(struct libinput_device *device);
int libinput_device_config_scroll_set_natural_scroll_enabled(struct libinput_device *device, int enable);
int libinput_device_config_scroll_get_natural_scroll_enabled(struct libinput_device *device);
uint32_t libinput_device_config_scroll_get_methods(struct libinput_device *device);
int libinput_device_config_scroll_set_method(struct libinput_device *device, int method);
int libinput_device_config_scroll_get_method(struct libinput_device *device);
int libinput_device_config_scroll_set_button(struct libinput_device *device, uint32_t button);
uint32_t libinput_device_config_scroll_get_button(struct libinput_device *device);
int libinput_device_config_scroll_set_button_lock(struct libinput_device *device, int state);
int libinput_device_config_scroll_get_button_lock(struct libinput_device *device);
int libinput_device_config_left_handed_is_available(struct libinput_device *device);
int libinput_device_config_left_handed_set(struct libinput_device *device, int left_handed);
int libinput_device_config_left_handed_get(struct libinput_device *device);
int libinput_device_config_middle_emulation_is_available(struct libinput_device *device);
int libinput_device_config_middle_emulation_set_enabled(struct libinput_device *device, int enable);
int libinput_device_config_middle_emulation_get_enabled(struct libinput_device *device);
int libinput_device_config_tap_get_finger_count(struct libinput_device *device);
int libinput_device_config_tap_set_enabled(struct libinput_device *device, int enable);
int libinput_device_config_tap_get_enabled(struct libinput_device *device);
int libinput_device_config_tap_set_button_map(struct libinput_device *device, int map);
int libinput_device_config_tap_get_button_map(struct libinput_device *device);
int libinput_device_config_tap_set_drag_enabled(struct libinput_device *device, int enable);
int libinput_device_config_tap_get_drag_enabled(struct libinput_device *device);
int libinput_device_config_tap_set_drag_lock_enabled(struct libinput_device *device, int enable);
int libinput_device_config_tap_get_drag_lock_enabled(struct libinput_device *device);
uint32_t libinput_device_config_click_get_methods(struct libinput_device *device);
int libinput_device_config_click_set_method(struct libinput_device *device, int method);
int libinput_device_config_click_get_method(struct libinput_device *device);
int libinput_device_config_dwt_is_available(struct libinput_device *device);
int libinput_device_config_dwt_set_enabled(struct libinput_device *device, int enable);
int libinput_device_config_dwt_get_enabled(struct libinput_device *device);
