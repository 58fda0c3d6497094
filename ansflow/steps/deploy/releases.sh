# shellcheck shell=sh
# Keeps releases in a folder and points `current` at one of them. Runs in `sh`, here or at the other end of ssh.
#
#   releases/ID     whole releases; a half-copied one never has this name
#   current         link to one of them, replaced by one rename: at any moment it leads to a whole release
#   .history        the releases that were current and found good, oldest first
#   .checking-ID    the release is current and not confirmed yet; holds the second after which nobody waits for it
#   .incoming-ID    what is being copied; whatever a killed deployment left is removed by the next one
#
# Lines that begin with "ansflow " are answers to the program that started this.
set -eu
action=$1 root=$2
shift 2

fail() {
    printf '%s\n' "$*" >&2
    exit 65
}

answer() { printf 'ansflow %s=%s\n' "$1" "$2"; }

current() {
    [ -L "$root/current" ] || return 0
    link=$(readlink "$root/current")
    printf '%s\n' "${link##*/}"
}

# One deployment at a time: what begins one is refused (-n), what ends one waits, since a bad release must not stay.
# The lock ends with the process, however it ends. Systems without flock go unlocked.
lock() {
    command -v flock >/dev/null 2>&1 || return 0
    exec 9>"$root/.lock"
    flock "$@" 9 || fail "Another deployment is going on."
}

# Replaces the link by a rename. GNU and busybox spell "do not move it into the folder" -T, the BSDs -h.
point_to() {
    rm -f "$root/.current"
    ln -s "releases/$1" "$root/.current"
    case $(uname) in
        Linux) mv -fT "$root/.current" "$root/current" ;;
        *) mv -fh "$root/.current" "$root/current" ;;
    esac
}

remember() {
    printf '%s\n' "$1" >>"$root/.history"
}

# The release that was current and good before the given one, if it is still there.
before() {
    found=""
    if [ -f "$root/.history" ]; then
        while read -r name; do
            [ "$name" != "$1" ] || break
            [ ! -d "$root/releases/$name" ] || found=$name
        done <"$root/.history"
    fi
    printf '%s\n' "$found"
}

# The last good release of that label or name, if it is still there.
named() {
    found=""
    [ -f "$root/.history" ] || return 0
    while read -r name; do
        case $name in
            "$1" | *"Z-$1") [ ! -d "$root/releases/$name" ] || found=$name ;;
        esac
    done <"$root/.history"
    printf '%s\n' "$found"
}

# Whether somebody still checks that release. A killed deployment is waited for no longer than its check may take.
is_checked() {
    [ -f "$root/.checking-$1" ] || return 1
    [ "$(date +%s)" -lt "$(cat "$root/.checking-$1")" ] || {
        rm -f "$root/.checking-$1"
        return 1
    }
}

# The check of that release is over: it ends well only for what is current.
checked() {
    rm -f "$root/.checking-$1"
    [ "$(current)" = "$1" ] || fail "Another deployment has made $(current) current meanwhile."
}

deliver() {
    release=$1 seconds=$2
    incoming=$root/.incoming-$release
    mkdir -p "$root/releases"
    [ -L "$root/current" ] || [ ! -e "$root/current" ] || fail "current is no link: move it away first."
    [ ! -e "$root/releases/$release" ] || fail "The release $release is already there."
    lock -n
    rm -rf "$root"/.incoming-*
    trap 'rm -rf "$incoming"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir "$incoming"
    tar -xof - -C "$incoming" || fail "The files could not be unpacked."
    # A stream that broke off between two files looks like a shorter archive: the last entry proves that it is whole.
    [ -f "$incoming/complete" ] || fail "The transfer broke off."
    previous=$(current)
    mv "$incoming/files" "$root/releases/$release"
    printf '%s\n' "$(($(date +%s) + seconds))" >"$root/.checking-$release"
    point_to "$release"
    answer previous "$previous"
}

# Runs the check in the current release. No lock: what it starts may stay.
verify() {
    cd "$root/current"
    ANSFLOW_RELEASE=$(current)
    export ANSFLOW_RELEASE
    exec sh -c "$1"
}

# The release is good: it counts for rollbacks, and old ones may go.
confirm() {
    release=$1 keep=$2
    lock
    checked "$release"
    remember "$release"
    kept=$(tail -n "$keep" "$root/.history")
    for folder in "$root"/releases/[0-9]*T[0-9]*Z-*; do
        name=${folder##*/}
        [ -d "$folder" ] && [ "$name" != "$(current)" ] || continue
        printf '%s\n' "$kept" | grep -qxF -e "$name" || is_checked "$name" || rm -rf "$folder"
    done
    tail -n 1000 "$root/.history" >"$root/.history.next"
    mv -f "$root/.history.next" "$root/.history"
}

# Takes a release back that failed its check; unless somebody has deployed another one since.
withdraw() {
    release=$1 previous=$2
    lock
    checked "$release"
    [ -n "$previous" ] && [ -d "$root/releases/$previous" ] || previous=$(before "$release")
    if [ -n "$previous" ]; then
        point_to "$previous"
    else
        rm "$root/current"
    fi
    rm -rf "$root/releases/$release"
    answer release "$previous"
}

# Goes back to the release before the current one, or to the one whose label or name is given.
rollback() {
    wanted=$1
    [ -L "$root/current" ] || fail "Nothing is deployed."
    lock -n
    previous=$(current)
    release=$(before "$previous")
    if [ -n "$wanted" ]; then
        release=$(named "$wanted")
        [ -n "$release" ] || fail "There is no release $wanted."
    fi
    [ -n "$release" ] || fail "There is no release before $previous."
    point_to "$release"
    line=$(grep -nxF -e "$release" "$root/.history" | tail -n 1)
    head -n "${line%%:*}" "$root/.history" >"$root/.history.next"
    mv -f "$root/.history.next" "$root/.history"
    answer release "$release"
    answer previous "$previous"
}

"$action" "$@"
