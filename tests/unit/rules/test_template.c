/** Templates: fields, sections, and mistakes shown where they stand. */
#include "rules/template.h"

#include "rig.h"

/* user=bob, empty="", long=16 letters */
static struct slice look_up(const void *ctx, struct slice name)
{
    (void)ctx;
    if (slice_equal(name, SLICE("user")))
        return SLICE("bob");
    if (slice_equal(name, SLICE("brace")))
        return SLICE("{{user}}");
    if (slice_equal(name, SLICE("long")))
        return SLICE("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4");
    return SLICE("");
}

static void check_render(const char *text, const char *wanted)
{
    struct rig *rig = rig_create();
    struct conf_text source = { slice_of(text), NULL };
    const struct template *template =
        template_compile(&source, &rig->arena, &rig->complaints);
    ck_assert_msg(template != NULL, "%s", rig_complaint(rig));
    struct buf out = buf_make(1000);
    template_render(template, look_up, NULL, &out);
    ck_assert_slice(buf_slice(&out), wanted);
    buf_free(&out);
    rig_free(rig);
}

static void check_refused(const char *yaml, const char *wanted)
{
    struct rig *rig = rig_create();
    ck_assert_ptr_null(
        template_compile(rig_text(rig, yaml), &rig->arena, &rig->complaints));
    const char *got = rig_complaint(rig);
    ck_assert_msg(strncmp(got, wanted, strlen(wanted)) == 0, "'%s' begins not '%s'",
                  got, wanted);
    rig_free(rig);
}

TEST(template, C21_fields_are_put_in_and_missing_ones_are_nothing)
{
    check_render("plain", "plain");
    check_render("", "");
    check_render("a {{user}} b {{ user }} c", "a bob b bob c");
    check_render("[{{nobody}}]", "[]");
    check_render("{user} } }} {", "{user} } }} {");
    check_render("a{{! no {user} here }}b", "ab");
}

TEST(template, C21_what_a_field_holds_is_not_read_again)
{
    check_render("{{brace}}", "{{user}}");
}

TEST(template, sections_show_their_inside_when_the_field_is_there)
{
    check_render("{{#user}}yes{{/user}}{{^user}}no{{/user}}", "yes");
    check_render("{{#none}}yes{{/none}}{{^none}}no{{/none}}", "no");
    check_render("{{#user}}a{{#none}}b{{#user}}c{{/user}}{{/none}}d{{/user}}e", "ade");
    check_render("{{#none}}a{{#user}}b{{/user}}c{{/none}}", "");
    check_render("{{^none}}{{#user}}{{user}}{{/user}}{{/none}}", "bob");
}

TEST(template, a_tag_alone_on_its_line_takes_the_line_along)
{
    check_render("a\n{{#user}}\nu: {{user}}\n  {{/user}}  \nb\n", "a\nu: bob\nb\n");
    check_render("a\n{{#none}}\nu\n{{/none}}\nb", "a\nb");
    check_render("a\n{{! note }}\nb", "a\nb");
    check_render("a\n{{user}}\nb", "a\nbob\nb");
    check_render("a {{#user}}\nb{{/user}}\n", "a \nb\n");
    check_render("{{#user}}{{/user}}\nb", "\nb");
}

TEST(template, C21_output_is_cut_at_its_bound_between_two_characters)
{
    struct rig *rig = rig_create();
    struct conf_text source = { SLICE("ab{{long}}cd"), NULL };
    const struct template *template =
        template_compile(&source, &rig->arena, &rig->complaints);
    struct buf out = buf_make(7);
    template_render(template, look_up, NULL, &out);
    ck_assert_slice(buf_slice(&out), "ab\xc3\xa4\xc3\xa4");
    ck_assert(out.overflowed);
    buf_free(&out);
    template_render(NULL, look_up, NULL, &out);
    ck_assert_uint_eq(out.len, 0);
    rig_free(rig);
}

TEST(template, a_mistake_is_shown_where_it_stands)
{
    check_refused("'ab {{user'", "1:5 this '{{' is not closed");
    check_refused("'ab {{#user}} c'", "1:8 the section 'user' is not closed");
    check_refused("'a{{#user}}b{{/usr}}'",
                  "1:13 '{{/usr}}' closes the section 'user'; write '{{/user}}'");
    check_refused("'a{{/user}}'", "1:3 '{{/user}}' closes a section that is not open");
    check_refused("'a{{ }}'", "1:3 this tag names no field");
    check_refused("'a{{#}}b{{/}}'", "1:3 this tag names no field");
    check_refused("'a{{a b}}'", "1:3 'a b' cannot be a field");
    check_refused("'a{{{user}}}'", "1:3 '{{{' is not known");
    check_refused("'a{{> x}}'", "1:3 '{{>' is not known");
    check_refused("'{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}'",
                  "1:50 sections nest to depth 8");
}

TEST(template, a_text_without_tags_is_plain)
{
    struct rig *rig = rig_create();
    struct conf_text plain = { SLICE("warning"), NULL };
    struct conf_text rich = { SLICE("{{level}}"), NULL };
    ck_assert(
        template_is_plain(template_compile(&plain, &rig->arena, &rig->complaints)));
    ck_assert(
        !template_is_plain(template_compile(&rich, &rig->arena, &rig->complaints)));
    ck_assert(template_is_plain(NULL));
    rig_free(rig);
}
