/*
 * The side of Boost.Beast, with a parser derived from basic_parser, as users write their own. Its functions note where each field
 * lies, and that is timed. Beast's request_parser copies every field instead, and takes more than twice as long.
 */
#include <stddef.h>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional.hpp>

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::beast::error_code;

struct request;

/* A parser notes the parts of a head in a request. */
class parser : public http::basic_parser<true> {
    request *r;

    void on_request_impl(http::verb, string_view method, string_view target, int version, error_code &) override;
    void on_field_impl(http::field, string_view name, string_view value, error_code &ec) override;
    void on_response_impl(int, string_view, int, error_code &) override {}
    void on_header_impl(error_code &) override {}
    void on_body_init_impl(const boost::optional<uint64_t> &, error_code &) override {}
    size_t on_body_impl(string_view body, error_code &) override { return body.size(); }
    void on_chunk_header_impl(uint64_t, string_view, error_code &) override {}
    size_t on_chunk_body_impl(uint64_t, string_view body, error_code &) override { return body.size(); }
    void on_finish_impl(error_code &) override {}

public:
    explicit parser(request *of) : r(of)
    {
        header_limit(1 << 20);
        body_limit(boost::none);
    }
};

struct parser_state {
    boost::optional<parser> p;
    size_t at; /* bytes consumed */
};

#include "side.h"

void parser::on_request_impl(http::verb, string_view method, string_view target, int version, error_code &)
{
    r->method = method.data();
    r->method_len = method.size();
    r->target = target.data();
    r->target_len = target.size();
    r->minor = version % 10;
}

void parser::on_field_impl(http::field, string_view name, string_view value, error_code &ec)
{
    if (r->num_fields == max_fields) {
        ec = http::error::header_limit;
        return;
    }
    r->fields[r->num_fields++] = {name.data(), name.size(), value.data(), value.size()};
}

static void begin(struct request *r)
{
    r->num_fields = 0;
    r->state.at = 0;
    r->state.p.emplace(r);
}

static long feed(struct request *r, const char *b, size_t len)
{
    error_code ec;
    parser &p = *r->state.p;
    r->state.at += p.put(boost::asio::const_buffer(b + r->state.at, len - r->state.at), ec);
    if (p.is_header_done())
        return r->state.at;
    return !ec || ec == http::error::need_more ? incomplete : malformed;
}

static const struct command commands[] = {REQUEST_COMMANDS, {NULL}};

int main(int argc, char **argv) { return serve(argc, argv, commands); }
