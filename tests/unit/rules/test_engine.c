/** The decisions of a group, each as a story on virtual time. */
#include "engine_story.h"

#define DEFAULT_ROUTE "  - {to: [ops]}\n"

TEST(engine, the_first_alert_waits_for_company_and_then_all_go_in_one_mail)
{
    struct story story;
    story_begin(&story, DEFAULT_ROUTE);
    story_see(&story, "rule=oom host=web1");
    story_pass(&story, 29 * SECOND_MS);
    story_see(&story, "rule=oom host=web2");
    story_see(&story, "rule=oom host=web1");
    story_expect(&story, "");
    story_pass(&story, SECOND_MS);
    story_expect(&story, "30s first 'oom' lines=3 alerts=2 mail=0\n");
    story_end(&story);
}
