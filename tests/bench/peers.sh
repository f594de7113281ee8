#!/bin/sh
# The other programs of Debian that alert on logs, with the same 100 rules on the same log,
# beside `tocsin run --once`. Each peer's start and end, measured over a log of one line,
# are taken off. Each must find the same: (rule, line) pairs, or lines where the peer
# stops at the first rule. What is fast reads the log 100 times as long.
#   peers.sh SRCDIR BUILDDIR
set -u
src=$1 build=$2
. "$src/tests/bench/common"

slice_mib=${SLICE_MIB:-4}
end_line=ZZZ-END-OF-BENCH

# --- one function a peer: conf_PEER LOG DIR writes its files; run over them by measured ---

# escaped SED: the rules of $patterns through sed, one a line, numbered.
escaped() { sed "$1" "$patterns"; }

conf_mtail() {
    echo 'counter hits' >"$2/bench.mtail"
    escaped 's,/,\\/,g; s,.*,/&/ {\n  hits++\n},' >>"$2/bench.mtail"
}
start_mtail() {
    outside "$3" mtail --one_shot --one_shot_format=json --progs "$2/bench.mtail" \
        --logs "$1" --log_dir "$2"
    sed -n 's/.*"Value": *{"Value": *\([0-9]*\).*/\1/p; s/^ *"Value": \([0-9][0-9]*\).*/\1/p' said |
        sort -n | tail -n 1 >count
}

conf_sec() {
    awk -v out="$2/out" '{
        printf "type=Single\ncontinue=TakeNext\nptype=RegExp\npattern=%s\ndesc=r%d\naction=write %s r%d\n\n", $0, NR, out, NR
    }' "$patterns" >"$2/sec.conf"
}
start_sec() {
    outside "$3" sec --conf="$2/sec.conf" --input="$1" --notail --bufsize=1 \
        --log="$2/log" --nointevents
    wc -l <"$2/out" >count
}

conf_swatchdog() {
    escaped 's,/,\\/,g; s,\$],\\$],g; s,@,\\@,g; s,.*,watchfor /&/\n  echo\n  continue\n,' >"$2/conf"
}
start_swatchdog() {
    outside "$3" env HOME="$2" PERL5LIB="$peers/root/usr/share/perl5:$(echo "$peers"/root/usr/lib/*/perl5/5.*)" \
        "$(command -v swatchdog)" --config-file="$2/conf" --script-dir="$2" --examine="$1"
    tr -d '\033' <said | sed 's/^\[0m//' | grep -cv -e '^$' -e '^\*\*\* ' >count
}

conf_rsyslog() {
    mkdir "$2/spool"
    {
        echo "global(workDirectory=\"$2/spool\" maxMessageSize=\"64k\")"
        echo "module(load=\"imfile\" mode=\"inotify\")"
        echo 'template(name="t" type="string" string="%msg%\n")'
        echo 'ruleset(name="r" queue.type="direct") {'
        escaped 's/[\\"$'"'"']/\\&/g' | awk -v dir="$2" -v end="$end_line" '
            function rule(pattern, file) {
                printf "if re_match($msg, \"%s\") then { action(type=\"omfile\" file=\"%s/%s\" template=\"t\" flushOnTXEnd=\"on\") }\n", pattern, dir, file
            }
            { rule($0, "out") }
            END { rule(end, "end") }'
        echo '}'
        echo "input(type=\"imfile\" file=\"$1\" tag=\"b\" severity=\"info\" facility=\"local0\" ruleset=\"r\" freshStartTail=\"off\" readMode=\"0\")"
    } >"$2/conf"
}
start_rsyslog() {
    until=$2/end outside "$3" env LD_LIBRARY_PATH="$libraries" RSYSLOG_MODDIR="$moddir" \
        rsyslogd -n -f "$2/conf" -i "$2/pid" -M "$moddir"
    wc -l <"$2/out" >count
}

conf_syslogng() {
    {
        echo '@version: 3.38'
        echo 'options { stats-freq(0); keep-hostname(yes); use-dns(no); time-reap(1); flush-lines(100); log-msg-size(65536); };'
        echo "source s { file(\"$1\" flags(no-parse) read-old-records(yes) follow-freq(0.1) log-fetch-limit(1000) log-iw-size(10000)); };"
        echo "destination out { file(\"$2/out\" template(\"\$MESSAGE\\n\") log-fifo-size(100000)); };"
        echo "destination end { file(\"$2/end\" template(\"\$MESSAGE\\n\")); };"
        { escaped 's/[\\"]/\\&/g'; echo "$end_line"; } |
            awk '{ printf "filter f%d { match(\"%s\" type(pcre) value(\"MESSAGE\")); };\n", NR, $0 }'
        echo 'log { source(s); junction {'
        awk 'END { for (i = 1; i <= NR; i++) printf "channel { filter(f%d); destination(out); };\n", i
                   printf "channel { filter(f%d); destination(end); };\n", NR + 1 }' "$patterns"
        echo '}; flags(flow-control); };'
    } >"$2/conf"
}
start_syslogng() {
    find_syslogng_modules
    until=$2/end outside "$3" env LD_LIBRARY_PATH="$libraries" syslog-ng -F -f "$2/conf" \
        -p "$2/pid" -c "$2/control" -R "$2/persist" --module-path "$modules" --no-caps
    wc -l <"$2/out" >count
}

# Its script refuses root and knows its places by heart; a copy is told others.
conf_logcheck() {
    for name in cracking.d violations.d violations.ignore.d ignore.d.server logfiles.d state; do
        mkdir -p "$2/$name"
    done
    cp "$patterns" "$2/violations.d/bench"
    echo '.*' >"$2/ignore.d.server/all"
    printf 'REPORTLEVEL="server"\nSENDMAILTO="root"\nMAILASATTACH=0\nFQDN=0\nRULEDIR="%s"\nSUPPORT_CRACKING_IGNORE=0\nTMP="%s"\nLOCKDIR="%s"\n' \
        "$2" "$2" "$2" >"$2/logcheck.conf"
    echo "$1" >"$2/logcheck.logfiles"
    sed "s,\"\$(id -u)\" = 0,1 = 0,; s,/usr/bin/lockfile-,$peers/root/usr/bin/lockfile-,
        s,\"/usr/sbin/logtail2\",\"$peers/root/usr/sbin/logtail2\"," \
        "$(command -v logcheck)" >"$2/logcheck"
}
start_logcheck() {
    outside "$3" bash "$2/logcheck" -c "$2/logcheck.conf" -r "$2" -L "$2/logcheck.logfiles" \
        -S "$2/state" -s -o -t
    grep -cv -e '^$' -e '^=-' -e '^[A-Z][a-z]* Events for ' said >count
}

# --- a run -------------------------------------------------------------------------------

# over PEER LOG BYTES: its figures, then what it counted, less the end's line.
over() {
    rm -rf "$work/peer"
    mkdir "$work/peer"
    : >"$work/peer/out"
    "conf_$1" "$2" "$work/peer"
    "start_$1" "$2" "$work/peer" "$3"
    read -r found <count
    echo " - $found $found"
}
peer() {
    net "$(over "$1" "$work/one.log" "$one_bytes")" "$(over "$1" "$work/slice.log" "$slice_bytes")"
}
run_mtail() { peer mtail; }
run_sec() { peer sec; }
run_swatchdog() { peer swatchdog; }
run_rsyslog() { peer rsyslog; }
run_syslogng() { peer syslogng; }
run_logcheck() { peer logcheck; }
run_tocsin() { net "$(once "$work/one.log")" "$(once "$work/long.log")"; }
run_matcher() { inside "$tools/matcher" rules "$config" "$work/long.log" 300; }
run_counted() { inside "$tools/matcher" rules "$config" "$work/slice.log" 0; }

# wanted PEER TARGET PACKAGES...: one more engine if its packages can be had.
wanted() {
    name=$1 program=$2 target=$3
    shift 3
    if have "$program" "$@"; then
        engines="$engines $name"
        targets="$targets $name:$target"
    else
        no_row SKIP "tocsin against $name" "the package $1 cannot be had"
    fi
}

rules 100
engines='' targets=''
wanted logcheck logcheck 75 logcheck logtail lockfile-progs liblockfile1 liblockfile-bin
wanted syslogng syslog-ng 200 $syslogng_packages
wanted swatchdog swatchdog 200 swatch libtimedate-perl libdate-calc-perl libfile-tail-perl \
    libdate-manip-perl libbit-vector-perl libcarp-clan-perl
wanted rsyslog rsyslogd 700 $rsyslog_packages
wanted mtail mtail 1500 mtail
wanted sec sec 1500 sec
find_rsyslog_modules

corpus 10000 "$slice_mib"
{ cat "$log"; echo "$end_line"; } >slice.log
slice_bytes=$log_bytes
{ head -n 1 "$log"; echo "$end_line"; } >one.log
one_bytes=$(stat -c %s one.log)
long=$(fitting "$config" 1 $((slice_mib * 100)))
corpus 10000 "$long"
ln -f "$log" long.log
interleave counted matcher tocsin $engines
for pair in $targets; do
    name=${pair%:*} field=9
    [ "$name" = logcheck ] && field=8
    if differing=$(agree "$field" counted "$name"); then
        row "tocsin run --once against $name, 100 rules, 1 % hits" least "${pair#*:}" x "$(faster tocsin "$name")"
    else
        no_row FAILED "tocsin against $name" "$differing"
    fi
done
context "1 % hits" matcher tocsin $engines
