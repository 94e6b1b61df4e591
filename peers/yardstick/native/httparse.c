/* The side of httparse, which httparse.rs makes a function of C. It remembers nothing between the pieces of a head. */
typedef struct {
} parser_state;

#include "side.h"

long httparse(struct request *r, const char *b, size_t len);

static void begin(struct request *r) {}

static long feed(struct request *r, const char *b, size_t len) { return httparse(r, b, len); }

static const struct command commands[] = {REQUEST_COMMANDS, {NULL}};

int main(int argc, char **argv) { return serve(argc, argv, commands); }
