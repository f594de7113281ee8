/** One allocation for each of its parts, and none for a line. */
#include "rules/scanner.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "rules/rule_parts.h"

struct scanner *scanner_create(const struct rules *rules)
{
    struct scanner *scanner = mem_zalloc(sizeof *scanner);
    scanner->room = regex_room_create();
    scanner->wanted =
        mem_zalloc((rules_count(rules) / 64 + 1) * sizeof *scanner->wanted);
    return scanner;
}

struct scanner *scanner_create_apart(const struct rules *rules)
{
    struct scanner *scanner = scanner_create(rules);
    scanner->costs = mem_zalloc(rules->count * sizeof *scanner->costs);
    return scanner;
}

void scanner_settle(struct scanner *scanner, struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct rule_cost *from = &scanner->costs[i], *to = &rules->items[i].cost;
        to->tries += from->tries;
        to->hits += from->hits;
        to->ns += from->ns;
        to->limit_hits += from->limit_hits;
        to->passed_over += from->passed_over;
        *from = (struct rule_cost){ .timed_left = from->timed_left,
                                    .untimed = from->untimed };
    }
}

void scanner_free(struct scanner *scanner)
{
    if (!scanner)
        return;
    regex_room_free(scanner->room);
    free(scanner->costs);
    free(scanner->wanted);
    free(scanner);
}
