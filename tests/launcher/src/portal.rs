//! The portal's build: npm packages, the portal itself, the prepared viewer; each again only when what it is made
//! from has changed.
//!
//! What a step was made from is remembered as a stamp in cargo's target folder, so that nothing is added to `web/`.

use crate::{
    Stop, root,
    step::{self, npm},
    target,
};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

/// Folders of `web/` that hold what was fetched or built.
const BUILT: [&str; 4] = ["node_modules", "dist", ".ohif", "coverage"];

/// Fetches the packages when the lock file changed.
pub(crate) fn packages() -> Result<(), Stop> {
    let made_from = |path: &str| matches!(path, "package.json" | "package-lock.json" | ".npmrc");
    when_stale("npm-ci", &["node_modules/.package-lock.json"], made_from, || {
        step::run("portal: npm ci", npm(&["ci", "--no-audit"]))
    })
}

/// Builds the portal and prepares the viewer.
pub(crate) fn build() -> Result<(), Stop> {
    when_stale("build", &["dist/index.html"], |_| true, || step::run("portal: build", npm(&["run", "build"])))?;
    // The viewer is made by scripts from a package of its own; the portal's sources do not touch it.
    let made_from = |path: &str| !path.starts_with("src/") && path != "index.html";
    when_stale("ohif", &["dist/ohif/index.html"], made_from, || {
        step::run("portal: prepare the viewer", npm(&["run", "ohif"]))
    })
}

/// Runs `make` unless everything in `products` is there and was made from the same sources.
fn when_stale(
    name: &str,
    products: &[&str],
    made_from: impl Fn(&str) -> bool,
    make: impl FnOnce() -> Result<(), Stop>,
) -> Result<(), Stop> {
    let web = root().join("web");
    let sources = fingerprint(&web, made_from).map_err(|error| Stop::new(format!("web/: {error}")))?;
    let stamp = stamp_path(name);
    let is_made = products.iter().all(|product| web.join(product).exists());
    if is_made && fs::read_to_string(&stamp).is_ok_and(|made| made == sources) {
        return Ok(());
    }
    make()?;
    if let Some(missing) = products.iter().find(|product| !web.join(product).exists()) {
        return Err(Stop::new(format!("web/{missing} was not made")));
    }
    let kept = stamp.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&stamp, sources));
    kept.map_err(|error| Stop::new(format!("{}: {error}", stamp.display())))
}

/// Two checkouts may share a target folder: each has its own stamps.
fn stamp_path(name: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    root().hash(&mut hasher);
    target().join("launcher").join(format!("{name}-{:016x}", hasher.finish()))
}

/// A number over the paths and contents of the chosen files.
fn fingerprint(web: &Path, made_from: impl Fn(&str) -> bool) -> io::Result<String> {
    let mut paths = Vec::new();
    let mut folders = vec![web.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder)? {
            let item = item?;
            let is_built = BUILT.iter().any(|built| item.file_name() == *built);
            if item.file_type()?.is_dir() {
                if !is_built {
                    folders.push(item.path());
                }
            } else {
                paths.push(item.path());
            }
        }
    }
    paths.sort();
    let mut hasher = DefaultHasher::new();
    for path in paths {
        let name = path.strip_prefix(web).unwrap_or(&path).to_string_lossy().into_owned();
        if made_from(&name) {
            name.hash(&mut hasher);
            fs::read(&path)?.hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_follows_chosen_sources_only() {
        let web = std::env::temp_dir().join(format!("launcher-web-{}", std::process::id()));
        fs::create_dir_all(web.join("src")).unwrap();
        fs::create_dir_all(web.join("dist")).unwrap();
        fs::write(web.join("src/main.tsx"), "1").unwrap();
        fs::write(web.join("package-lock.json"), "{}").unwrap();
        let all = |web: &Path| fingerprint(web, |_| true).unwrap();
        let lock = |web: &Path| fingerprint(web, |p| p == "package-lock.json").unwrap();
        let before = (all(&web), lock(&web));
        fs::write(web.join("dist/index.html"), "built").unwrap();
        assert_eq!((all(&web), lock(&web)), before);
        fs::write(web.join("src/main.tsx"), "2").unwrap();
        let after = (all(&web), lock(&web));
        fs::remove_dir_all(&web).unwrap();
        assert_ne!(after.0, before.0);
        assert_eq!(after.1, before.1);
    }
}
