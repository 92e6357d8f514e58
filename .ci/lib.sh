# shellcheck shell=bash
# What the scripts here share: where we are, how we speak, how a step is timed.
# Sourced after `set -euo pipefail`; everything goes to stderr, so a command's own output stays clean.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd -- "$ROOT" || exit

# A fresh clone is built exactly as locked; a developer adding a dependency may let cargo update the lock.
LOCKED=()
if [[ -n ${CI:-} ]]; then LOCKED=(--locked); fi
# shellcheck disable=SC2034  # for the sourcing scripts
readonly ROOT LOCKED

UIS=(admin-ui public-ui)
NODE_FOLDERS=("${UIS[@]}" tests/browser)
# shellcheck disable=SC2034
readonly UIS NODE_FOLDERS

if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
  BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' DIM=$'\e[2m' PLAIN=$'\e[0m'
else
  BOLD='' RED='' GREEN='' DIM='' PLAIN=''
fi

say() { printf '%s\n' "$*" >&2; }
note() { printf '%s  %s%s\n' "$DIM" "$*" "$PLAIN" >&2; }
die() {
  printf '%serror:%s %s\n' "$RED" "$PLAIN" "$*" >&2
  exit 1
}
have() { command -v -- "$1" >/dev/null 2>&1; }

# Milliseconds of wall clock.
now_ms() {
  local t=${EPOCHREALTIME/[.,]/}
  printf '%s' "${t%???}"
}

# 83456 -> "1:23.4", 4567 -> "4.5 s"
human_ms() {
  local ms=$1 s=$(($1 / 1000))
  if ((s >= 60)); then
    printf '%d:%02d.%d' $((s / 60)) $((s % 60)) $((ms % 1000 / 100))
  else
    printf '%d.%d s' "$s" $((ms % 1000 / 100))
  fi
}

# Keeps a step's time for the table `.ci/run` prints at its end.
record_time() { # name ms result
  if [[ -n ${DRUMROLL_CI_TIMES:-} ]]; then printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$DRUMROLL_CI_TIMES"; fi
}

# Every step runs in a process group of its own, so that a signal sent to this script alone (`make` hands on TERM but
# not INT) still stops the whole tree, and nothing of a finished step lives on.
GROUP='' STEP='' STEP_BEGAN=0
group_start() { # CMD…
  trap 'group_stop INT 130' INT
  trap 'group_stop TERM 143' TERM
  trap 'group_stop HUP 129' HUP
  set -m
  "$@" </dev/null &
  GROUP=$!
  set +m
}
group_stop() { # signal exit-code
  local i
  trap '' INT TERM HUP
  kill "-$1" -- "-$GROUP" 2>/dev/null || true
  for ((i = 0; i < 300; i++)); do # 30 s: a step may have services to put away
    kill -0 -- "-$GROUP" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "-$GROUP" 2>/dev/null || true
  if [[ -n $STEP ]]; then record_time "$STEP" "$(($(now_ms) - STEP_BEGAN))" "stopped by $1"; fi
  exit "$2"
}
group_wait() { # sets RC
  RC=0
  wait "$GROUP" || RC=$?
  trap - INT TERM HUP
  kill -TERM -- "-$GROUP" 2>/dev/null || true
}

# step NAME CMD…: runs CMD with its output shown; a failure ends the script with the command that failed.
step() {
  local name=$1 began
  shift
  began=$(now_ms)
  STEP=$name STEP_BEGAN=$began
  say "${BOLD}==> $name${PLAIN}"
  group_start "$@"
  group_wait
  step_ends "$name" "$(($(now_ms) - began))" "$RC" "$@"
}

step_ends() { # name ms rc cmd…
  local name=$1 ms=$2 rc=$3
  shift 3
  STEP=''
  if ((rc == 0)); then
    record_time "$name" "$ms" ok
    say "${GREEN}    done${PLAIN} $name ($(human_ms "$ms"))"
    return 0
  fi
  record_time "$name" "$ms" "failed ($rc)"
  say "${RED}    FAILED${PLAIN} $name (exit $rc after $(human_ms "$ms"))"
  say "    the command was: $*"
  exit "$rc"
}

# build_step NAME CMD…: for a long cargo build. Instead of hundreds of lines it says how far it is: in place on a
# terminal, a line every 20 s elsewhere. The full output is shown when the build fails.
build_step() {
  local name=$1 began log total built ms shown=0 line
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/drumroll-build.XXXXXX")
  # shellcheck disable=SC2064  # the name is known now
  trap "rm -f '$log'" EXIT
  began=$(now_ms)
  STEP=$name STEP_BEGAN=$began
  total=$(cargo tree "${LOCKED[@]}" --workspace --edges normal,build --prefix none --format '{p}' 2>/dev/null |
    cut -d' ' -f1,2 | sort -u | wc -l) || total=0
  say "${BOLD}==> $name${PLAIN}"
  group_start "$@" 2>"$log"
  while kill -0 "$GROUP" 2>/dev/null; do
    sleep 0.2
    built=$(grep -cE '^ *(Compiling|Checking|Documenting) ' "$log" || true)
    ((built > 0)) || continue
    ms=$(($(now_ms) - began))
    line="    $built of about $total packages, $(human_ms "$ms")"
    if [[ -t 2 ]]; then
      printf '\r%s\e[K' "$line" >&2
    elif ((ms / 20000 > shown)); then
      shown=$((ms / 20000))
      say "$line"
    fi
  done
  group_wait
  if [[ -t 2 ]]; then printf '\r\e[K' >&2; fi
  if ((RC != 0)); then
    grep -Ev '^ *(Compiling|Checking|Documenting|Downloaded|Downloading|Updating|Locking) ' "$log" >&2 || true
  fi
  rm -f "$log"
  trap - EXIT
  step_ends "$name" "$(($(now_ms) - began))" "$RC" "$@"
}

# Where cargo puts what it builds: honours CARGO_TARGET_DIR and cargo's own configuration.
target_dir() {
  cargo metadata --format-version 1 --no-deps --offline 2>/dev/null |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# The folder with PostgreSQL's server programs, the newest when there are several.
postgres_bin() {
  local dir
  dir=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  if [[ ! -x $dir/initdb ]]; then
    dir=$(dirname -- "$(command -v initdb || echo /nowhere/initdb)")
  fi
  [[ -x $dir/initdb && -x $dir/postgres ]] || return 1
  printf '%s\n' "$dir"
}

# The balancer of the tests; tests/src/front.rs looks in the same places. Debian keeps it where only root's PATH looks.
haproxy_path() {
  local folder
  for folder in /usr/sbin /usr/bin /usr/local/sbin; do
    if [[ -x $folder/haproxy ]]; then
      printf '%s\n' "$folder/haproxy"
      return 0
    fi
  done
  return 1
}

# The browser of the tests; tests/browser/harness.mjs looks in the same places.
chromium_path() {
  local name
  if [[ -n ${CHROMIUM:-} ]]; then
    [[ -x $CHROMIUM ]] || return 1
    printf '%s\n' "$CHROMIUM"
    return 0
  fi
  for name in chromium chromium-browser google-chrome; do
    if [[ -x /usr/bin/$name ]]; then
      printf '%s\n' "/usr/bin/$name"
      return 0
    fi
  done
  return 1
}

# Where moto (Amazon's services, imitated) lives: with what is built, for nothing in it is ours.
moto_dir() { printf '%s/moto' "$(target_dir)"; }
moto_stamp() { { python3 --version && cat -- .ci/moto.txt; } 2>&1 | sha256sum | cut -d' ' -f1; }
moto_up_to_date() {
  local stamp
  stamp=$(moto_dir)/.drumroll-installed
  [[ -f $stamp && $(<"$stamp") == "$(moto_stamp)" ]]
}
