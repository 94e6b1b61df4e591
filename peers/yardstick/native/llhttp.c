/*
 * The side of llhttp, which does not keep what it finds. So the callbacks note where each field lies, as those of any caller
 * that wants the fields must do. That is timed. A head lies in one piece of memory, however it is delivered.
 */
#include "llhttp.h"

typedef struct {
    llhttp_t parser;
    size_t at; /* bytes fed */
    int in_name, complete;
} parser_state;

#include "side.h"

static int on_target(llhttp_t *p, const char *b, size_t len)
{
    struct request *r = p->data;
    if (r->target == NULL)
        r->target = b;
    r->target_len = b + len - r->target;
    return 0;
}

/* settle removes the whitespace after the last value, which llhttp leaves there. */
static void settle(struct request *r)
{
    if (r->num_fields == 0)
        return;
    field *f = &r->fields[r->num_fields - 1];
    while (f->value_len > 0 && (f->value[f->value_len - 1] == ' ' || f->value[f->value_len - 1] == '\t'))
        f->value_len--;
}

static int on_name(llhttp_t *p, const char *b, size_t len)
{
    struct request *r = p->data;
    if (!r->state.in_name) {
        settle(r);
        if (r->num_fields == max_fields)
            return -1;
        r->fields[r->num_fields++] = (field){.name = b};
        r->state.in_name = 1;
    }
    field *f = &r->fields[r->num_fields - 1];
    f->name_len = b + len - f->name;
    return 0;
}

static int on_value(llhttp_t *p, const char *b, size_t len)
{
    struct request *r = p->data;
    field *f = &r->fields[r->num_fields - 1];
    r->state.in_name = 0;
    if (f->value == NULL)
        f->value = b;
    f->value_len = b + len - f->value;
    return 0;
}

static int on_complete(llhttp_t *p)
{
    struct request *r = p->data;
    settle(r);
    r->minor = p->http_minor;
    r->method = llhttp_method_name(p->method);
    r->method_len = strlen(r->method);
    r->state.complete = 1;
    return HPE_PAUSED; /* there is no body */
}

/* For an empty value llhttp always calls this, but not always on_header_value. */
static int on_value_complete(llhttp_t *p)
{
    ((struct request *)p->data)->state.in_name = 0;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_complete,
};

static void begin(struct request *r)
{
    r->target = NULL;
    r->target_len = r->num_fields = 0;
    r->state.at = 0;
    r->state.in_name = r->state.complete = 0;
    llhttp_init(&r->state.parser, HTTP_REQUEST, &settings);
    r->state.parser.data = r;
}

static long feed(struct request *r, const char *b, size_t len)
{
    llhttp_t *p = &r->state.parser;
    size_t at = r->state.at;
    r->state.at = len;
    int ok = llhttp_execute(p, b + at, len - at) == HPE_OK;
    if (r->state.complete)
        return llhttp_get_error_pos(p) - b;
    return ok ? incomplete : malformed;
}

static const struct command commands[] = {REQUEST_COMMANDS, {NULL}};

int main(int argc, char **argv) { return serve(argc, argv, commands); }
