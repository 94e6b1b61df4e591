/*
 * The batch protocol: a line of base64 in, a line of JSON out. A driver includes
 * this and picohttpparser.h or llhttp.h, and defines answer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { REQUEST, RESPONSE, CHUNKED };

/* Writes one JSON object for b[:size]; nothing after that may be read. */
static void answer(enum kind kind, char *b, size_t size);

/* Writes bytes as a JSON string of Latin-1. */
static void put_string(const char *b, size_t size)
{
    putchar('"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = b[i];
        if (c < ' ' || c >= 0x7f || c == '"' || c == '\\') {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_base64(const char *b, size_t size)
{
    putchar('"');
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++) {
            three = three << 8 | (i + k < size ? (unsigned char)b[i + k] : 0);
        }
        for (size_t k = 0; k < 4; k++) {
            putchar(i + k <= size ? digits[three >> (18 - 6 * k) & 63] : '=');
        }
    }
    putchar('"');
}

struct part {
    const char *b;
    size_t size;
};

static void put_fields(const char *member, const struct part (*fields)[2], size_t n)
{
    printf(",\"%s\":[", member);
    for (size_t i = 0; i < n; i++) {
        printf(i > 0 ? ",[" : "[");
        put_string(fields[i][0].b, fields[i][0].size);
        putchar(',');
        put_string(fields[i][1].b, fields[i][1].size);
        putchar(']');
    }
    putchar(']');
}

static void put_request(const char *method, size_t method_size, const char *target, size_t target_size)
{
    printf(",\"method\":");
    put_string(method, method_size);
    printf(",\"target\":");
    put_string(target, target_size);
}

/* Decodes a line into a block of exactly its size, so that a tool sees reads beyond it. */
static char *decode(const char *line, size_t *size)
{
    char *b = malloc(strlen(line) + 1);
    uint32_t bits = 0;
    int have = 0;
    *size = 0;
    for (; *line != '\0' && *line != '\n' && *line != '='; line++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, *line) - digits);
        if ((have += 6) >= 8) {
            have -= 8;
            b[(*size)++] = (char)(bits >> have);
        }
    }
    char *exact = malloc(*size > 0 ? *size : 1);
    memcpy(exact, b, *size);
    free(b);
    return exact;
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"request", "response", "chunked"};
    enum kind kind = REQUEST;
    while (kind <= CHUNKED && (argc != 3 || strcmp(argv[1], "-kind") != 0 || strcmp(argv[2], kinds[kind]) != 0)) {
        kind++;
    }
    if (kind > CHUNKED) {
        fprintf(stderr, "usage: %s -kind request|response|chunked\n", argv[0]);
        return 2;
    }
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        size_t size;
        char *b = decode(line, &size);
        answer(kind, b, size);
        putchar('\n');
        fflush(stdout);
        free(b);
    }
    free(line);
    return 0;
}
