#!/bin/sh
# All tests that touch a followed file, on ext4, a tmpfs and an overlay that are mounted for
# this run in a mount namespace of its own: the unit tests and the scenarios with inotify and
# without, where nothing else can be written, and the end-to-end tests of rows. And a file that
# an overlay copies up while it is followed.
#   filesystems.sh SRCDIR BUILDDIR
set -eu
src=$1 build=$2
if [ "${INSIDE:-}" != yes ] && [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    INSIDE=yes exec unshare -m sh "$src/tests/e2e/filesystems.sh" "$src" "$build"
fi
. "$src/tests/e2e/common"
[ "${INSIDE:-}" = yes ] || skip "L43 L44 file systems: only root with a mount namespace can mount"
[ -x "$build/tests/unit-tests" ] || skip "L43 L44 file systems: Check is not there (Debian: apt-get install check)"
passed=0 failed=0 skipped=0

lack() {
    echo "FAIL $1"
    failed=$((failed + 1))
}
leave_out() {
    echo "SKIP $1"
    skipped=$((skipped + 1))
}

# sealed COMMAND...: it can write nowhere but on the file systems that were mounted here.
sealed() {
    # shellcheck disable=SC2016
    unshare -m sh -c 'for folder in /tmp /var/tmp /dev/shm; do
            mount --rbind $folder $folder && mount -o remount,bind,ro $folder || exit 1
        done
        exec "$@"' - "$@"
}

# scenarios WORLD: those of rows, as they are or with inotify off, below the folder scenarios.
scenarios() {
    mkdir -p "scenarios/$1"
    for story in $(grep -lE '^faults:.*L[0-9]' "$src"/tests/scenarios/*.yaml); do
        if [ "$1" = sweep ] && ! grep -q inotify: "$story"; then
            sed -E 's/(\{name: [a-z]+, files: \[[^]]*\])/\1, inotify: false/' "$story"
        else
            cat "$story"
        fi >"scenarios/$1/${story##*/}"
    done
}

# run_world FOLDER WORLD: all that is sealed says goes into FOLDER.WORLD.out.
run_world() {
    for group in fs identity tail archives elders encoding faults files ledger scan; do
        sealed env "TMPDIR=$work/$1" "TEMP=$work/$1" "TOCSIN_WORLD=$2" "TOCSIN_TEST=$group" \
            "$build/tests/unit-tests" || true
    done >"$1.$2.out" 2>&1
    sealed env "TMPDIR=$work/$1" "$build/tocsin" test "$work/scenarios/$2"/*.yaml \
        >>"$1.$2.out" 2>&1 || true
}

# judge_world ROW FOLDER WORLD: no test may fail, none be missing, and each that did nothing
# says why. All worlds have as many.
judge_world() {
    case $3 in sweep) said="inotify off" ;; *) said="inotify on" ;; esac
    out=$2.$3.out
    skips=$(grep -c '^SKIP' "$out" || true)
    bad=$(grep -cE '^(FAIL|FAILED)' "$out" || true)
    stories=$(sed -n '$ s/^\([0-9]*\) passed, 0 failed, 0 skipped$/\1/p' "$out")
    rows=$(($(grep -cE '^ok   [a-z]+: (L[0-9]+_)+' "$out" || true) + skips))
    text="$1 $2, $said: $rows tests of rows, ${stories:-no} scenarios"
    grep '^SKIP' "$out" | sed "s/^SKIP/SKIP $1 $2, $said:/" || true
    skipped=$((skipped + skips))
    : "${wanted:=$rows}"
    if [ "$bad" -eq 0 ] && [ "$rows" -eq "$wanted" ] && [ "$rows" -gt 100 ] &&
        [ "${stories:-0}" -gt 10 ]; then
        pass "$text passed, $skips of them skipped"
    else
        lack "$text passed, $bad tests failed; wanted are $wanted"
        grep -vE '^(ok|SKIP) ' "$out"
    fi
}

# run_on ROW FOLDER: both worlds, then the end-to-end tests of rows. In the background.
run_on() {
    run_world "$2" inotify
    run_world "$2" sweep
    for script in rights watching logrotate; do
        ONLY="1 3 4 14" TMPDIR=$work/$2 sh "$src/tests/e2e/$script.sh" "$src" "$build" || true
    done >"$2.e2e.out" 2>&1
}

judge_on() { # judge_on ROW FOLDER
    judge_world "$1" "$2" inotify
    judge_world "$1" "$2" sweep
    sed -nE "s/^(ok  |FAIL|SKIP)((  *L[0-9]+)+)/\1\2 $2:/p" "$2.e2e.out"
    passed=$((passed + $(grep -c '^ok' "$2.e2e.out" || true)))
    skipped=$((skipped + $(grep -c '^SKIP' "$2.e2e.out" || true)))
    ends=$(grep -cE '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' "$2.e2e.out" || true)
    [ "$ends" -eq 3 ] || {
        lack "$1 $2: of 3 end-to-end scripts $ends ended well"
        cat "$2.e2e.out"
    }
}

mkdir ext4 tmpfs overlay layers
chmod 755 . # other users read there, too
trap 'umount -q bound overlay layers tmpfs ext4 2>/dev/null; cleanup' EXIT
scenarios inotify
scenarios sweep
there=
truncate -s 1G disk.img
if mkfs.ext4 -q -F disk.img 2>/dev/null && mount -o loop disk.img ext4 2>/dev/null; then
    there="$there ext4"
else
    leave_out "L13 ext4: no file system in a file can be mounted here"
fi
if mount -t tmpfs -o size=1g tmpfs tmpfs 2>/dev/null; then
    there="$there tmpfs"
else
    leave_out "L43 tmpfs: none can be mounted here"
fi
if mount -t tmpfs -o size=1g tmpfs layers 2>/dev/null &&
    mkdir layers/lower layers/upper layers/work &&
    echo "ERROR db0 refused" >layers/lower/app.log &&
    mount -t overlay -o "lowerdir=layers/lower,upperdir=layers/upper,workdir=layers/work" \
        overlay overlay 2>/dev/null; then
    there="$there overlay"
else
    leave_out "L44 overlay: none can be mounted here"
fi
row_of() { case $1 in ext4) echo L13 ;; tmpfs) echo L43 ;; overlay) echo L44 ;; esac; }
runs=
for one in $there; do
    run_on "$(row_of "$one")" "$one" &
    runs="$runs $!"
done
pids="$pids $runs"
for run in $runs; do wait "$run"; done
for one in $there; do judge_on "$(row_of "$one")" "$one"; done
case $there in
*overlay*) ;;
*)
    echo "$passed passed, $failed failed, $skipped skipped"
    [ $failed -eq 0 ]
    exit
    ;;
esac

# write_config FILE...: a world of its own for each.
write_config() {
    rm -rf state mails
    cat >tocsin.yaml <<YAML
state_dir: $work/state
control: $work/control.sock
sources: [{name: app, files: [$1], start: beginning, sweep: 200ms}]
rules: [{name: refused, match: 'ERROR (?<what>\w+) refused', by: [what]}]
routes: [{to: [folder], group_by: [rule], group_wait: 0s, group_interval: 1s, repeat_interval: 1s}]
outputs: [{name: folder, maildir: $work/mails}]
YAML
}
lines_told() { cat mails/new/* 2>/dev/null | sed -n 's/^X-Tocsin-New-Count: //p' | awk '{ s += $1 } END { print s + 0 }'; }
has_told() { [ "$(lines_told)" -ge "$1" ]; }

# A bind mount shows the same inode twice; a layer of an overlay and what is merged of it are
# two files to the kernel, and read twice by whoever follows both.
mkdir bound
mount --bind layers/lower bound
write_config "$work/layers/lower/*.log, $work/bound/*.log"
"$build/tocsin" run --once -c tocsin.yaml 2>agent.log || true
once=$(lines_told)
umount bound
write_config "$work/layers/lower/*.log, $work/overlay/*.log"
"$build/tocsin" run --once -c tocsin.yaml 2>agent.log || true
if [ "$once $(lines_told)" = "1 2" ]; then
    pass "L21 a file that a bind mount shows again is read once, one that an overlay shows again is another file"
else
    lack "L21 a line was told $once times under a bind mount, $(lines_told) times under an overlay"
fi

# The file lies in the lower layer until somebody writes to it; then it is copied up.
write_config "$work/overlay/app.log"
"$build/tocsin" run -c tocsin.yaml 2>agent.log &
agent=$!
pids="$pids $agent"
until_true 10 has_told 1 || lack "L44 overlay: a file of the lower layer is not read"
echo "ERROR db1 refused" >>overlay/app.log
until_true 10 has_told 2 || true
echo "ERROR db2 refused" >>overlay/app.log
until_true 10 has_told 3 || true
kill "$agent"
wait "$agent" || true
echo "ERROR db3 refused" >>overlay/app.log
"$build/tocsin" run --once -c tocsin.yaml 2>>agent.log || true
if [ "$(lines_told)" -eq 4 ]; then
    pass "L44 a file copied up while it is followed is read on from where it was"
else
    lack "L44 of 4 lines of a file that is copied up $(lines_told) were told"
    cat agent.log
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
