//! The files of the checkout: those git tracks or would track, or, without git, all but what is built.

use std::{fs, io, path::Path, process::Command};

/// The repository as the rules see it.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Names at the top level.
    pub(crate) top: Vec<String>,
    pub(crate) entries: Vec<Entry>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Entry {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// The content, where it is text.
    pub(crate) text: Option<String>,
}

/// Larger files are not read: no source is that large, and the size alone is a fault.
const READ_BYTES_MAX: u64 = 4 << 20;

/// Built or fetched, never ours: looked at only where git is absent and cannot say so.
const BUILT: [&str; 6] = ["target", "node_modules", ".git", "dist", ".ohif", ".cache"];

impl Tree {
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let paths = match listed_by_git(root) {
            Some(paths) => paths,
            None => walked(root)?,
        };
        let mut top: Vec<String> = paths.iter().filter_map(|p| p.split('/').next()).map(str::to_owned).collect();
        top.sort();
        top.dedup();
        let entries = paths.into_iter().filter_map(|path| read(root, path)).collect();
        Ok(Self { top, entries })
    }
}

fn read(root: &Path, path: String) -> Option<Entry> {
    let full = root.join(&path);
    // Deleted but not yet committed: git still names it.
    let bytes = fs::metadata(&full).ok()?.len();
    let text = if bytes <= READ_BYTES_MAX { fs::read_to_string(&full).ok() } else { None };
    Some(Entry { path, bytes, text })
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()?;
    let text = String::from_utf8(listed.stdout).ok()?;
    let paths: Vec<String> = text.split('\0').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    (listed.status.success() && !paths.is_empty()).then_some(paths)
}

fn walked(root: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder)? {
            let item = item?;
            let name = item.file_name().to_string_lossy().into_owned();
            if item.file_type()?.is_dir() {
                if !BUILT.contains(&name.as_str()) {
                    folders.push(item.path());
                }
            } else if let Ok(path) = item.path().strip_prefix(root) {
                paths.push(path.to_string_lossy().into_owned());
            }
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_git_the_tree_is_walked_and_built_folders_are_left_out() {
        let root = std::env::temp_dir().join(format!("tidy-walk-{}", std::process::id()));
        fs::create_dir_all(root.join("target")).unwrap();
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("target/built.rs"), "").unwrap();
        fs::write(root.join("src/lib.rs"), "").unwrap();
        let paths = walked(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(paths, ["src/lib.rs"]);
    }
}
