# Starts a PostgreSQL cluster and answers "stop" and "start" on standard input with "ok" or "failed".
# When standard input ends, because the process that holds it has ended in whatever way, the cluster goes too.
# Arguments: the directory (which is removed in the end), the programs' directory, the port, the user to become
# (empty: stay who we are).
dir=$1 bin=$2 port=$3 user=$4

trap '' INT TERM HUP

as_user() {
    if [ -z "$user" ]; then
        "$@"
    elif command -v setpriv >/dev/null; then
        setpriv --reuid="$user" --regid="$user" --init-groups "$@"
    else
        runuser -u "$user" -- "$@"
    fi
}

options="-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off
    -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB -c autovacuum=off"

start() {
    as_user "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -o "$options" start
}

stop() {
    as_user "$bin/pg_ctl" -D "$dir/data" -w -t 60 -m "$1" stop
}

create() {
    if [ -n "$user" ]; then chown "$user" "$dir" || return; fi
    cd "$dir" && as_user "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync
}

exec 3>&1 >"$dir/out" 2>&1
answer() {
    if "$@" </dev/null 3>&-; then echo ok >&3; else echo failed >&3; fi
}

create </dev/null 3>&-
answer start
while read -r command; do
    case $command in
        start) answer start ;;
        stop) answer stop fast ;;
    esac
done
stop immediate </dev/null 3>&-
cd / && rm -rf "$dir"
