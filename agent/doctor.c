/** Findings as lines for people or as JSON. */
#include "agent/doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/base/text.h"

static const char *const grade_words[] = { "OK", "WARN", "FAIL", "SKIP" };

static void put_text(struct doctor *doctor, const struct finding *finding,
                     struct slice found)
{
    buf_printf(doctor->out, "%-5s %-9s ", grade_words[finding->grade], finding->step);
    if (finding->about.len > 0) {
        text_put_clean(doctor->out, finding->about, false);
        buf_puts(doctor->out, ": ");
    }
    text_put_clean(doctor->out, found, false);
    buf_putc(doctor->out, '\n');
    if (finding->remedy[0])
        buf_printf(doctor->out, "%-5s %-9s -> %s\n", "", "", finding->remedy);
}

static void put_json(struct doctor *doctor, const struct finding *finding,
                     struct slice found)
{
    buf_printf(doctor->out, "{\"grade\":\"%s\",\"step\":\"%s\",\"about\":",
               grade_words[finding->grade], finding->step);
    text_put_json(doctor->out, finding->about);
    buf_puts(doctor->out, ",\"found\":");
    text_put_json(doctor->out, found);
    buf_puts(doctor->out, ",\"remedy\":");
    text_put_json(doctor->out, slice_of(finding->remedy));
    buf_puts(doctor->out, "}\n");
}

void doctor_put(struct doctor *doctor, const struct finding *finding,
                const char *format, ...)
{
    char found[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(found, sizeof found, format, args);
    va_end(args);
    doctor->counts[finding->grade]++;
    if (doctor->is_json)
        put_json(doctor, finding, slice_of(found));
    else
        put_text(doctor, finding, slice_of(found));
}
