#!/bin/sh
# The kernel ends processes of a scripted life of the real binary because their control group
# has no memory left: the agent, its keeper or its sender, by SIGKILL, at moments that depend on
# how little there is. Each line is told once. See tests/e2e/lives.
set -u
build=$2
. "$1/tests/e2e/common"
stride=1
. "$1/tests/e2e/lives"
[ "$(id -u)" -eq 0 ] || skip "only root makes a control group"
group=
for place in /sys/fs/cgroup/memory /sys/fs/cgroup; do
    group=$place/tocsin-e2e-$$
    mkdir "$group" 2>/dev/null && break || group=
done
[ -n "$group" ] || skip "no control group can be made here"
remove_group() {
    until_true 10 rmdir "$group" || true
    cleanup
}
trap remove_group EXIT
limit=$group/memory.limit_in_bytes kills=$group/memory.oom_control
[ -f "$limit" ] || limit=$group/memory.max kills=$group/memory.events
[ -f "$limit" ] || skip "the control group has no limit of memory"

printf '#!/bin/sh\necho $$ >%s/cgroup.procs || exit 1\nexec %s "$@" 2>>%s/agent.err\n' \
    "$group" "$plain" "$work" >first
chmod +x first
ended=0 at_work=0
for kib in 1024 2048 3072 4096 4352 4608 4864 5120 5248 5376 5504 5632 5760 5888 6144 8192; do
    echo $((kib * 1024)) >"$limit" || skip "the limit of memory cannot be set"
    try "with $kib KiB" first
    grep -q 'status=9 ' life || continue
    ended=$((ended + 1))
    [ "$(grep -c 'running: ' agent.err)" -lt 3 ] || at_work=$((at_work + 1)) # the next two say so, too
done
killed=$(sed -n 's/^oom_kill //p' "$kills")
echo "$tried lives, $ended agents ($at_work at work) and $((${killed:-0} - ended)) other processes ended" \
    "by the kernel: lost or told twice $bad, told by a later agent $late"
[ "${killed:-0}" -gt 0 ] || skip "the kernel ended nobody"
if [ $bad -eq 0 ] && [ $ended -gt 0 ]; then
    echo "ok   P04 whoever the kernel ends for lack of memory, each line is told once"
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "FAIL P04 whoever the kernel ends for lack of memory, each line is told once"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
