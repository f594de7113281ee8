# C without its comments and without what stands inside quotes, line by line, so that the
# other checks see only code. Prints FILE <tab> LINE <tab> CODE. Quotes themselves stay.
FNR == 1 { inside = 0 }
{
    rest = $0
    code = ""
    while (rest != "") {
        if (inside) { # a /* comment */
            at = index(rest, "*/")
            if (!at) {
                rest = ""
                break
            }
            rest = substr(rest, at + 2)
            inside = 0
            code = code " "
            continue
        }
        if (!match(rest, /["'\/]/)) {
            code = code rest
            break
        }
        code = code substr(rest, 1, RSTART - 1)
        mark = substr(rest, RSTART, 1)
        rest = substr(rest, RSTART + 1)
        if (mark == "/") {
            next_one = substr(rest, 1, 1)
            if (next_one == "/")
                break
            if (next_one == "*") {
                rest = substr(rest, 2)
                inside = 1
                continue
            }
            code = code "/"
            continue
        }
        # An include keeps its path; other quotes lose what is in them.
        if (mark == "\"" && code ~ /^[ \t]*#[ \t]*include[ \t]*$/) {
            code = code mark rest
            break
        }
        while (rest != "" && substr(rest, 1, 1) != mark)
            rest = substr(rest, substr(rest, 1, 1) == "\\" ? 3 : 2)
        code = code mark mark
        rest = substr(rest, 2)
    }
    sub(/[ \t]+$/, "", code)
    print FILENAME "\t" FNR "\t" code
}
