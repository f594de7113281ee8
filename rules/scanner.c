/** One allocation for each of its parts, and none for a line. */
#include "rules/scanner.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "rules/rule.h"

struct scanner *scanner_create(const struct rules *rules)
{
    struct scanner *scanner = mem_zalloc(sizeof *scanner);
    scanner->room = regex_room_create();
    scanner->wanted =
        mem_zalloc((rules_count(rules) / 64 + 1) * sizeof *scanner->wanted);
    return scanner;
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
