/*
 * The batch protocol: a line of base64 in, a line of JSON out. A driver includes
 * this and picohttpparser.h or llhttp.h, defines answer, and calls serve.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { REQUEST, RESPONSE, CHUNKED };

/* Writes one JSON object for b[:size]; there is nothing to read behind that. */
static void answer(enum kind kind, char *b, size_t size);

/* Writes octets as a JSON string of Latin-1. */
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

/* Decodes a line; returns a block of just its size, so that a tool sees what leaves it. */
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

static int serve(int argc, char **argv)
{
    enum kind kind = REQUEST;
    if (argc == 3 && strcmp(argv[1], "-kind") == 0 && strcmp(argv[2], "response") == 0) {
        kind = RESPONSE;
    } else if (argc == 3 && strcmp(argv[2], "chunked") == 0) {
        kind = CHUNKED;
    } else if (argc != 3 || strcmp(argv[2], "request") != 0) {
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
