//! Facts about the machine, which absolute figures depend on.

use std::{fs, path::Path};

/// Returns the facts, one per line.
pub(crate) fn facts(directory: &Path) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = read("/proc/meminfo");
    let memory = memory.lines().next().unwrap_or_default().trim_start_matches("MemTotal:").trim().to_owned();
    let load = read("/proc/loadavg");
    let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
    #[expect(clippy::disallowed_methods, reason = "when this was measured")]
    let now = jiff::Timestamp::now();
    let mut facts = vec![
        format!("{}, load average at the start {load}", now.strftime("%Y-%m-%d %H:%M UTC")),
        format!("{} × {}, {memory} of memory", processors, cpu.trim_start_matches([' ', '\t', ':'])),
        format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
    ];
    let kind = file_system(&read("/proc/self/mounts"), directory);
    facts.push(match kind.as_str() {
        "tmpfs" | "ramfs" => {
            format!("databases on {kind}: nothing is synced to a disk, key creation proves nothing")
        }
        _ => format!("databases on {kind}"),
    });
    facts
}

/// Returns the type of the file system of a directory: that of the longest mount point above it.
fn file_system(mounts: &str, directory: &Path) -> String {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let above = mounts.filter(|(point, _)| directory.starts_with(point));
    above.max_by_key(|(point, _)| point.len()).map_or("unknown", |(_, kind)| kind).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_point_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/home/a")), "ext4");
        assert_eq!(file_system(mounts, Path::new("/tmp/a")), "tmpfs");
        assert_eq!(file_system(mounts, Path::new("/tmpa")), "ext4");
    }
}
