/*
 * The pipe protocol: read a line of base64, write a line of JSON. A program includes this file
 * and defines answer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { REQUEST, RESPONSE, CHUNKED };

struct part {
    const char *b;
    size_t size;
};

/* Writes one JSON object about the size bytes at b, and reads no others. */
static void answer(enum kind kind, char *b, size_t size);

/* Writes a member with bytes as a JSON string of Latin-1. */
static void put_string(const char *before, struct part part)
{
    printf("%s\"", before);
    for (size_t i = 0; i < part.size; i++) {
        unsigned char c = part.b[i];
        if (c < ' ' || c >= 0x7f || c == '"' || c == '\\') {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

static void put_fields(const char *before, const struct part (*fields)[2], size_t n)
{
    printf("%s[", before);
    for (size_t i = 0; i < n; i++) {
        put_string(i > 0 ? ",[" : "[", fields[i][0]);
        put_string(",", fields[i][1]);
        putchar(']');
    }
    putchar(']');
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Begins an object about a chunked body of n bytes: all members but its trailer fields. */
static void put_body(size_t n, struct part body)
{
    printf("{\"result\":\"complete\",\"n\":%zu,\"body\":\"", n);
    for (size_t i = 0; i < body.size; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++) {
            three = three << 8 | (i + k < body.size ? (unsigned char)body.b[i + k] : 0);
        }
        for (size_t k = 0; k < 4; k++) {
            putchar(i + k <= body.size ? digits[three >> (18 - 6 * k) & 63] : '=');
        }
    }
    putchar('"');
}

/* Decodes a line into a block of exactly its size, so that sanitizers find reads beyond it. */
static char *decode(const char *line, size_t *size)
{
    size_t n = strcspn(line, "=\n");
    uint32_t bits = 0;
    *size = n * 6 / 8;
    char *b = malloc(*size);
    for (size_t i = 0; i < n; i++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, line[i]) - digits);
        if (i % 4 > 0) {
            b[i / 4 * 3 + i % 4 - 1] = (char)(bits >> (6 - i % 4 * 2));
        }
    }
    return b;
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"request", "response", "chunked"};
    int kind = REQUEST;
    while (kind <= CHUNKED && (argc != 3 || strcmp(argv[2], kinds[kind]) != 0)) {
        kind++;
    }
    if (kind > CHUNKED) {
        fprintf(stderr, "usage: %s -kind request|response|chunked\n", argv[0]);
        return 2;
    }
    char *line = NULL;
    size_t room = 0, size;
    while (getline(&line, &room, stdin) > 0) {
        char *b = decode(line, &size);
        answer(kind, b, size);
        putchar('\n');
        fflush(stdout);
        free(b);
    }
    return 0;
}
