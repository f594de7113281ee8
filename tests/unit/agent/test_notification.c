/** What Nagios and Icinga say becomes a body that Alertmanager could have posted. */
#include "agent/notification.h"

#include "agent/base/json.h"
#include "test.h"

static struct arena arena;
static const struct now now = { 5000, 1700000000000 };

static struct notification about_http(const char *type, const char *state)
{
    return (struct notification){ .items = {
                                      [NOTIFICATION_TYPE] = slice_of(type),
                                      [NOTIFICATION_HOST] = SLICE("web1"),
                                      [NOTIFICATION_SERVICE] = SLICE("HTTP"),
                                      [NOTIFICATION_STATE] = slice_of(state),
                                      [NOTIFICATION_OUTPUT] = SLICE("refused"),
                                  } };
}

static const struct json *alert_of(const struct notification *notification)
{
    struct buf body = buf_make(1 << 20);
    struct err err = { 0 };
    ck_assert_msg(notification_put(notification, now, &body, &err), "%s", err.text);
    struct json_result parsed =
        json_parse(arena_slice(&arena, buf_slice(&body)), &arena);
    ck_assert_msg(parsed.root != NULL, "%s: %.*s", parsed.fault, (int)body.len,
                  body.ptr);
    buf_free(&body);
    return json_find(parsed.root, SLICE("alerts"))->first;
}

static struct slice at(const struct json *alert, const char *pointer)
{
    const struct json *found = json_point(alert, slice_of(pointer));
    return found ? found->text : SLICE("");
}

static void check(const char *type, const char *state, const char *status,
                  const char *severity, const char *title)
{
    struct notification notification = about_http(type, state);
    const struct json *alert = alert_of(&notification);
    ck_assert_slice(at(alert, "/status"), status);
    ck_assert_slice(at(alert, "/labels/severity"), severity);
    ck_assert_slice(at(alert, "/annotations/summary"), title);
    arena_free(&arena);
}

TEST(notification, type_and_state_say_whether_it_is_over_and_how_bad_it_is)
{
    check("PROBLEM", "CRITICAL", "firing", "critical",
          "HTTP on web1 is CRITICAL: refused");
    check("problem", "warning", "firing", "warning",
          "HTTP on web1 is WARNING: refused");
    check("", "UNKNOWN", "firing", "warning", "HTTP on web1 is UNKNOWN: refused");
    check("RECOVERY", "OK", "resolved", "warning", "HTTP on web1 is OK: refused");
    check("$NOTIFICATIONTYPE$", "DOWN", "firing", "critical",
          "HTTP on web1 is DOWN: refused");
    check("ACKNOWLEDGEMENT", "CRITICAL", "acknowledged", "critical",
          "HTTP on web1 is CRITICAL, acknowledged");
    check("FLAPPINGSTART", "OK", "firing", "info", "HTTP on web1 flaps");
    check("FLAPPINGSTOP", "OK", "resolved", "info",
          "HTTP on web1 does not flap any more");
    check("DOWNTIMESTART", "", "firing", "info", "HTTP on web1 is in downtime");
    check("DOWNTIMECANCELLED", "", "resolved", "info",
          "HTTP on web1 is out of downtime (cancelled)");
}

TEST(notification, all_states_of_a_service_are_one_alert_and_downtime_is_another)
{
    struct notification problem = about_http("PROBLEM", "WARNING");
    struct notification recovery = about_http("RECOVERY", "OK");
    struct notification downtime = about_http("DOWNTIMESTART", "OK");
    struct notification host = about_http("PROBLEM", "DOWN");
    host.items[NOTIFICATION_SERVICE] = SLICE("$SERVICEDESC$");
    struct slice key = at(alert_of(&problem), "/fingerprint");
    ck_assert(slice_equal(at(alert_of(&recovery), "/fingerprint"), key));
    ck_assert(!slice_equal(at(alert_of(&downtime), "/fingerprint"), key));
    ck_assert(!slice_equal(at(alert_of(&host), "/fingerprint"), key));
    ck_assert_slice(at(alert_of(&host), "/labels/alertname"), "host");
    ck_assert_slice(at(alert_of(&host), "/annotations/summary"),
                    "web1 is DOWN: refused");
    arena_free(&arena);
}

TEST(notification, it_began_when_the_state_changed_and_else_now)
{
    struct notification problem = about_http("PROBLEM", "WARNING");
    ck_assert_slice(at(alert_of(&problem), "/startsAt"), "1700000000000");
    problem.items[NOTIFICATION_SINCE] = SLICE("1699999000.25"); /* as Icinga has it */
    ck_assert_slice(at(alert_of(&problem), "/startsAt"), "1699999000000");
    problem.items[NOTIFICATION_SINCE] = SLICE("0"); /* never */
    ck_assert_slice(at(alert_of(&problem), "/startsAt"), "1700000000000");
    problem.items[NOTIFICATION_TYPE] = SLICE("ACKNOWLEDGEMENT");
    problem.items[NOTIFICATION_SINCE] = SLICE("1699999000");
    ck_assert_slice(at(alert_of(&problem), "/startsAt"), "1700000000000");
    arena_free(&arena);
}

TEST(notification, any_bytes_stay_text)
{
    struct notification problem = about_http("PROBLEM", "WARNING");
    problem.items[NOTIFICATION_OUTPUT] = SLICE("a \"b\" \\c\x01 $(d) \xC3\xA4\nsecond");
    problem.items[NOTIFICATION_LONG_OUTPUT] = SLICE("one\\ntwo");
    problem.items[NOTIFICATION_COMMENT] = SLICE("it's late");
    problem.items[NOTIFICATION_AUTHOR] = SLICE("bob");
    const struct json *alert = alert_of(&problem);
    ck_assert_slice(at(alert, "/annotations/summary"),
                    "HTTP on web1 is WARNING: a \"b\" \\c\x01 $(d) \xC3\xA4");
    ck_assert_slice(at(alert, "/annotations/description"),
                    "second\none\ntwo\nbob: it's late");
    arena_free(&arena);
}

TEST(notification, what_is_needed_is_asked_for)
{
    struct buf body = buf_make(1 << 20);
    struct err err = { 0 };
    struct notification notification = about_http("PROBLEM", "BROKEN");
    ck_assert(!notification_put(&notification, now, &body, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "'BROKEN' is no state: OK, WARNING"));
    notification = about_http("SHOUTING", "OK");
    ck_assert(!notification_put(&notification, now, &body, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "'SHOUTING' is no type"));
    notification = about_http("PROBLEM", "OK");
    notification.items[NOTIFICATION_HOST] = SLICE("$HOSTNAME$");
    ck_assert(!notification_put(&notification, now, &body, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "host is missing"));
    buf_free(&body);
}
