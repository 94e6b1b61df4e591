/*
 * The sides of llhttp (with -DLLHTTP) and of its forebear http_parser, which have one
 * set of callbacks. Neither keeps what it finds: what a caller does who wants the
 * fields, note where they lie, is done here, and is timed. A head lies in one piece
 * of memory, however it is delivered.
 */
#include <stddef.h>

#ifdef LLHTTP
#include "llhttp.h"
typedef llhttp_t parser;
#define NAME "llhttp"
#define METHOD(p) llhttp_method_name((p)->method)
#else
#include "http_parser.h"
typedef http_parser parser;
#define NAME "http_parser"
#define METHOD(p) http_method_str((p)->method)
#endif

typedef struct {
    const char *name;
    size_t name_len;
    const char *value;
    size_t value_len;
} field;

typedef struct {
    parser parser;
    size_t at; /* fed so far */
    int in_name, complete;
} state;

#include "side.h"

static int on_target(parser *p, const char *b, size_t len)
{
    struct request *r = p->data;
    if (r->target == NULL)
        r->target = b;
    r->target_len = b + len - r->target;
    return 0;
}

/* settle ends a value where the white space behind it begins, which both count in. */
static void settle(struct request *r)
{
    if (r->num_fields == 0)
        return;
    field *f = &r->fields[r->num_fields - 1];
    while (f->value_len > 0 && (f->value[f->value_len - 1] == ' ' || f->value[f->value_len - 1] == '\t'))
        f->value_len--;
}

static int on_name(parser *p, const char *b, size_t len)
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

static int on_value(parser *p, const char *b, size_t len)
{
    struct request *r = p->data;
    field *f = &r->fields[r->num_fields - 1];
    r->state.in_name = 0;
    if (f->value == NULL)
        f->value = b;
    f->value_len = b + len - f->value;
    return 0;
}

static int on_complete(parser *p)
{
    struct request *r = p->data;
    settle(r);
    r->minor = p->http_minor;
    r->method = METHOD(p);
    r->method_len = strlen(r->method);
    r->state.complete = 1;
#ifdef LLHTTP
    return HPE_PAUSED;
#else
    return 1; /* do not wait for a body */
#endif
}

#ifdef LLHTTP

/* llhttp calls back for an empty value, too, but not always with on_header_value. */
static int on_value_complete(parser *p)
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

#else

static const http_parser_settings settings = {
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_complete,
};

#endif

static void begin(struct request *r)
{
    r->target = NULL;
    r->target_len = r->num_fields = 0;
    r->state.at = 0;
    r->state.in_name = r->state.complete = 0;
#ifdef LLHTTP
    llhttp_init(&r->state.parser, HTTP_REQUEST, &settings);
#else
    http_parser_init(&r->state.parser, HTTP_REQUEST);
#endif
    r->state.parser.data = r;
}

static long feed(struct request *r, const char *b, size_t len)
{
    parser *p = &r->state.parser;
    size_t at = r->state.at;
    r->state.at = len;
#ifdef LLHTTP
    llhttp_errno_t e = llhttp_execute(p, b + at, len - at);
    if (r->state.complete)
        return llhttp_get_error_pos(p) - b;
    return e == HPE_OK ? incomplete : malformed;
#else
    size_t n = http_parser_execute(p, &settings, b + at, len - at);
    if (r->state.complete)
        return at + n;
    return HTTP_PARSER_ERRNO(p) == HPE_OK ? incomplete : malformed;
#endif
}

static const struct command commands[] = {REQUEST_COMMANDS, {NULL}};

int main(int argc, char **argv) { return serve(argc, argv, NAME " of " SOURCE, commands); }
