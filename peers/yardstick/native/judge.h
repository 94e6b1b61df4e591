/*
 * What a server decides about a parsed request before it can respond, as picohttp's Request.Check does: the form of the
 * request-target, the host, where the content ends, and whether the connection stays open. It uses only struct request, so
 * all compiled sides share it. side.h includes it.
 *
 * Rare cases are simpler than in Check. An IPv6 address is any run of its characters, and a port any run of digits.
 * Connection may name Host or Content-Length. Only OPTIONS may have the asterisk-form. The authority of an absolute-form
 * must equal Host, ignoring case. HTAB next to a length, or an upgrade with content, does not close the connection.
 */

enum { origin_form = 1, absolute_form, authority_form, asterisk_form };

enum { chunked = -1, tunnel = -2 };

struct judgment {
    const char *host;
    size_t host_len;
    int64_t content; /* bytes of content, or chunked, or tunnel */
    int form;
    int keep_alive, expect_continue, expect_other, upgrade;
};

enum { reg_name = 1, digit = 2, hexdig = 4, ip_literal = 8 };

static unsigned char classes[256];

static void classify(const char *bytes, int as)
{
    for (; *bytes != '\0'; bytes++)
        classes[(unsigned char)*bytes] |= as;
}

static void make_classes(void)
{
    classify("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=", reg_name);
    classify("0123456789", digit);
    classify("0123456789abcdefABCDEF", hexdig);
    classify("0123456789abcdefABCDEF.:", ip_literal);
}

/* skip returns the first byte from p on that is not of the class. It takes one branch for four bytes. */
static inline const unsigned char *skip(const unsigned char *p, const unsigned char *end, int of)
{
    while (end - p >= 4 && classes[p[0]] & classes[p[1]] & classes[p[2]] & classes[p[3]] & of)
        p += 4;
    while (p < end && classes[*p] & of)
        p++;
    return p;
}

/* is_host matches uri-host [ ":" port ], RFC 3986, section 3.2.2. */
static int is_host(const char *b, size_t len)
{
    const unsigned char *p = (const unsigned char *)b, *end = p + len;
    if (p < end && *p == '[') {
        p = skip(p + 1, end, ip_literal);
        if (p == end || *p++ != ']')
            return 0;
    } else {
        p = skip(p, end, reg_name);
        while (end - p >= 3 && *p == '%' && classes[p[1]] & classes[p[2]] & hexdig)
            p = skip(p + 3, end, reg_name);
    }
    return p == end || (*p == ':' && skip(p + 1, end, digit) == end);
}

/*
 * same reports whether b equals word, ignoring case. Both have len bytes, and word is in lower case. It ignores the case bit
 * of every byte. What differs from "-" or a digit only in that bit is a control character, which no field has. As len is
 * constant, this compares up to three words of memory.
 */
static inline __attribute__((always_inline)) int same(const char *b, const char *word, size_t len)
{
    const size_t size = len < 8 ? len : 8;
    for (size_t i = 0; i < len; i += size) {
        size_t at = i + size <= len ? i : len - size;
        uint64_t x = 0, y = 0;
        memcpy(&x, b + at, size);
        memcpy(&y, word + at, size);
        if ((x ^ y) & ~UINT64_C(0x2020202020202020))
            return 0;
    }
    return 1;
}

/* SAME is same for b of len bytes and a literal. */
#define SAME(b, len, word) ((len) == sizeof(word) - 1 && same(b, word, sizeof(word) - 1))

/* next_element cuts the first element, without whitespace around it, off a comma-separated list of *len bytes. */
static size_t next_element(const char **element, const char **list, size_t *len)
{
    const char *p = *list, *end = p + *len;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    *element = p;
    while (p < end && *p != ',')
        p++;
    *list = p + (p < end);
    *len = end - *list;
    while (p > *element && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    return p - *element;
}

/* parse_length returns the number in 1*DIGIT, or -1. */
static int64_t parse_length(const char *b, size_t len)
{
    int64_t n = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned d = (unsigned char)b[i] - '0';
        if (d > 9 || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, d, &n))
            return -1;
    }
    return len > 0 ? n : -1;
}

/* judge_target reports whether the request-target is valid, finds its form, and sets the host to its authority if it has one. */
static int judge_target(const struct request *r, struct judgment *v)
{
    const char *b = r->target;
    size_t len = r->target_len;
    int connect = r->method_len == 7 && memcmp(r->method, "CONNECT", 7) == 0;
    if (len == 0 || memchr(b, '#', len) != NULL)
        return 0;
    if (*b == '/') {
        v->form = origin_form;
        return !connect;
    }
    if (connect) {
        v->form = authority_form;
        v->host = b;
        v->host_len = len;
        v->content = tunnel;
        v->keep_alive = 0;
        return *b != ':' && memchr(b, ':', len) != NULL && classes[(unsigned char)b[len - 1]] & digit && is_host(b, len);
    }
    if (len == 1 && *b == '*') {
        v->form = asterisk_form;
        return r->method_len == 7 && memcmp(r->method, "OPTIONS", 7) == 0;
    }
    const char *authority = (const char *)memchr(b, ':', len);
    if (authority == NULL || authority == b || b + len - authority < 3 || memcmp(authority, "://", 3) != 0)
        return 0;
    authority += 3;
    size_t n = 0;
    while (authority + n < b + len && authority[n] != '/' && authority[n] != '?')
        n++;
    if (n == 0 || !is_host(authority, n) || (v->host != NULL && (n != v->host_len || strncasecmp(authority, v->host, n) != 0)))
        return 0;
    v->form = absolute_form;
    v->host = authority;
    v->host_len = n;
    return 1;
}

/* judge reports whether a server can act on a request, and what it has to know for that. */
static int judge(const struct request *r, struct judgment *v)
{
    int close = 0, keep_alive = 0, upgrade = 0, upgrade_field = 0, expect_continue = 0, expect_other = 0, coding = 0;
    int64_t length = -1;
    memset(v, 0, sizeof *v);
    for (const field *f = r->fields; f < r->fields + r->num_fields; f++) {
        const char *element, *list = f->value;
        size_t n, len = f->value_len;
        switch (f->name_len) {
        case 4:
            if (!same(f->name, "host", 4))
                break;
            if (v->host != NULL || !is_host(f->value, len))
                return 0;
            v->host = f->value;
            v->host_len = len;
            break;
        case 6:
            if (!same(f->name, "expect", 6))
                break;
            while (len > 0)
                if ((n = next_element(&element, &list, &len)) > 0) {
                    if (SAME(element, n, "100-continue"))
                        expect_continue = 1;
                    else
                        expect_other = 1;
                }
            break;
        case 7:
            if (same(f->name, "upgrade", 7) && len > 0)
                upgrade_field = 1;
            break;
        case 10:
            if (!same(f->name, "connection", 10))
                break;
            while (len > 0) {
                n = next_element(&element, &list, &len);
                if (SAME(element, n, "keep-alive"))
                    keep_alive = 1;
                else if (SAME(element, n, "close"))
                    close = 1;
                else if (SAME(element, n, "upgrade"))
                    upgrade = 1;
            }
            break;
        case 14:
            if (same(f->name, "content-length", 14) && (length >= 0 || (length = parse_length(f->value, len)) < 0))
                return 0;
            break;
        case 17: /* any other coding, before chunked or instead of it, is rejected, too */
            if (same(f->name, "transfer-encoding", 17) && (coding++ || !SAME(f->value, len, "chunked")))
                return 0;
            break;
        }
    }
    if ((v->host == NULL && r->minor > 0) || (coding && (length >= 0 || r->minor == 0)))
        return 0;
    v->content = coding ? chunked : length > 0 ? length : 0;
    v->keep_alive = !close && (r->minor > 0 || keep_alive);
    if (r->minor > 0) {
        v->upgrade = upgrade && upgrade_field;
        v->expect_continue = expect_continue && v->content != 0;
        v->expect_other = expect_other;
    }
    return judge_target(r, v) && (v->content != tunnel || (coding == 0 && length <= 0));
}

/* find returns the first field with that name, which is in lower case, or an empty one. */
static inline __attribute__((always_inline)) field find(const struct request *r, const char *name, size_t len)
{
    for (const field *f = r->fields; f < r->fields + r->num_fields; f++)
        if (f->name_len == len && same(f->name, name, len))
            return *f;
    field none = {};
    return none;
}
