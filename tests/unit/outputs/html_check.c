/** The strict reader of HTML. */
#include "html_check.h"

#include <ctype.h>

#include "test.h"

static const char *const elements[] = { "html", "head", "meta",  "title", "body",
                                        "div",  "span", "table", "tr",    "td",
                                        "b",    "br",   "a",     NULL };
static const char *const attributes[] = { "lang",    "charset",     "name",
                                          "content", "style",       "role",
                                          "width",   "cellpadding", "cellspacing",
                                          "border",  "align",       "valign",
                                          "colspan", "href",        NULL };
static const char *const entities[] = {
    "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", NULL
};

static bool is_listed(const char *const *list, struct slice word)
{
    for (; *list; list++) {
        if (slice_equal(slice_of(*list), word))
            return true;
    }
    return false;
}

static void skip(struct slice *rest, size_t count)
{
    ck_assert(count <= rest->len);
    rest->ptr += count;
    rest->len -= count;
}

static struct slice take_word(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && islower((unsigned char)rest->ptr[len]))
        len++;
    struct slice word = slice_make(rest->ptr, len);
    skip(rest, len);
    return word;
}

static void check_entity(struct slice rest)
{
    for (const char *const *entity = entities; *entity; entity++) {
        if (slice_starts(rest, slice_of(*entity)))
            return;
    }
    ck_abort_msg("a bare & before '%.20s'", rest.ptr);
}

static void check_attribute(struct slice *rest)
{
    struct slice name = take_word(rest);
    ck_assert_msg(is_listed(attributes, name), "attribute '%.*s'", SLICE_ARG(name));
    ck_assert(slice_starts(*rest, SLICE("=\"")));
    skip(rest, 2);
    size_t end = slice_find(*rest, SLICE("\""));
    ck_assert(end != SIZE_MAX);
    struct slice value = slice_make(rest->ptr, end);
    ck_assert(slice_find(value, SLICE("<")) == SIZE_MAX);
    if (slice_equal(name, SLICE("href")))
        ck_assert(slice_starts(value, SLICE("http://")) ||
                  slice_starts(value, SLICE("https://")));
    ck_assert(slice_find(value, SLICE("url(")) == SIZE_MAX);
    ck_assert(slice_find(value, SLICE("expression")) == SIZE_MAX);
    skip(rest, end + 1);
}

struct open_elements {
    struct slice names[64];
    size_t count;
};

static void check_tag(struct slice *rest, struct open_elements *open)
{
    skip(rest, 1);
    if (slice_starts(*rest, SLICE("/"))) {
        skip(rest, 1);
        struct slice name = take_word(rest);
        ck_assert_msg(open->count > 0 &&
                          slice_equal(name, open->names[open->count - 1]),
                      "'%.*s' is closed out of order", SLICE_ARG(name));
        open->count--;
        ck_assert(slice_starts(*rest, SLICE(">")));
        skip(rest, 1);
        return;
    }
    struct slice name = take_word(rest);
    ck_assert_msg(is_listed(elements, name), "element '%.*s' before '%.20s'",
                  SLICE_ARG(name), rest->ptr);
    while (slice_starts(*rest, SLICE(" "))) {
        skip(rest, 1);
        check_attribute(rest);
    }
    ck_assert(slice_starts(*rest, SLICE(">")));
    skip(rest, 1);
    if (slice_equal(name, SLICE("br")) || slice_equal(name, SLICE("meta")))
        return;
    ck_assert(open->count < 64);
    open->names[open->count++] = name;
}

void check_html(struct slice html)
{
    struct open_elements open = { .count = 0 };
    ck_assert(slice_starts(html, SLICE("<!DOCTYPE html>\n")));
    skip(&html, 16);
    while (html.len > 0) {
        if (html.ptr[0] == '<') {
            check_tag(&html, &open);
            continue;
        }
        ck_assert_msg(html.ptr[0] != '>' && html.ptr[0] != '"' && html.ptr[0] != '\'',
                      "an unescaped character before '%.20s'", html.ptr);
        if (html.ptr[0] == '&')
            check_entity(html);
        skip(&html, 1);
    }
    ck_assert_uint_eq(open.count, 0);
}
