# Sourced by the scripts that put Debian packages beside the checkout: they come off the mirrors that this machine already uses, with
# an apt configuration of their own. Nothing is installed, and nothing outside $place is changed.
#
# Set before: place, the folder under .cache; and a name for messages, program.

say() { echo "$program: $*" >&2; }
die() { say "$@"; exit 1; }

own_lists=(-o "Dir::State::lists=$place/apt/lists" -o APT::Sandbox::User=root -o Acquire::Languages=none)
own_apt=("${own_lists[@]}"
    -o "Dir::Etc::sourcelist=$place/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::Cache=$place/apt" -o "Dir::Cache::archives=$place/apt/archives")

# Begins anew in an empty $place.
begin_place() {
    rm -rf "$place"
    mkdir -p "$place"/{apt/lists/partial,apt/archives/partial,debs,root}
}

# Prints suite and mirror of every suite of Debian 12 that apt's package lists know.
# shellcheck disable=SC2016  # apt-get fills in $(REPO_URI)
known_suites() {
    apt-get "$@" indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
        awk '$2 == "main" && $1 ~ /^bookworm/ { print $1, $3 }' | sort -u
}

# use_suites SUITE...: reads the package lists of these suites (bookworm, bookworm-security, bookworm-backports).
use_suites() {
    local suites suite mirror
    suites=$(known_suites)
    if [ -z "$suites" ]; then
        apt-get -qq "${own_lists[@]}" update </dev/null || say "going on without the sources that failed"
        suites=$(known_suites "${own_lists[@]}")
    fi
    mirror=$(awk '$1 == "bookworm" { print $2; exit }' <<<"$suites")
    [ -n "$mirror" ] || die "apt knows no mirror of Debian 12"
    for suite in "$@"; do
        case $suite in
            bookworm-security) awk '$1 == "bookworm-security" { print "deb", $2, $1, "main"; exit }' <<<"$suites" ;;
            *) echo "deb $mirror $suite main" ;;
        esac
    done >"$place/apt/sources.list"
    apt-get -qq "${own_apt[@]}" update </dev/null || say "going on without the suites that failed"
}

# fetch SUITE PACKAGE...: puts the packages, of that suite where it has them, into $place/debs.
fetch() {
    local suite=$1
    shift
    (cd "$place/debs" && apt-get -qq "${own_apt[@]}" --target-release "$suite" download "$@" </dev/null) ||
        die "could not be fetched: $*"
}

# Unpacks what was fetched into $place/root.
unpack() {
    local package
    for package in "$place"/debs/*.deb; do
        dpkg-deb --extract "$package" "$place/root"
    done
    rm -f "$place"/debs/*.deb
}

# What nobody needs once everything is in place.
end_place() { rm -rf "$place/apt" "$place/debs"; }
