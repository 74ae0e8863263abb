//! Where dependencies come from: the public registries, named by their public addresses, and nowhere else.

use crate::Fault;

const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NPM: &str = "https://registry.npmjs.org/";

/// Faults in lock files and in the settings of package clients.
pub(crate) fn registries(path: &str, text: &str) -> Vec<Fault> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let wrong: fn(&str) -> bool = match name {
        "Cargo.lock" => |line| value(line, "source = \"").is_some_and(|source| source != CRATES),
        "package-lock.json" => |line| value(line, "\"resolved\": \"").is_some_and(|from| !from.starts_with(NPM)),
        ".npmrc" => {
            |line| line.split('=').next().is_some_and(|key| key.trim() == "registry" || key.contains(":registry"))
        }
        "config.toml" if path.starts_with(".cargo/") => |line| {
            ["[source", "[registries", "[registry", "replace-with"].iter().any(|start| line.trim().starts_with(start))
        },
        _ => return Vec::new(),
    };
    let lines = text.lines().enumerate().filter(|(_, line)| wrong(line));
    lines.map(|(number, _)| Fault::new(path, number + 1, "not one of the public registries")).collect()
}

/// What stands between `key` and the next quote.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.trim().strip_prefix(key)?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_registries_are_found() {
        assert_eq!(registries("Cargo.lock", "source = \"registry+http://mirror.local/index\"\n").len(), 1);
        assert_eq!(
            registries("web/package-lock.json", "  \"resolved\": \"http://mirror.local/react.tgz\",\n").len(),
            1
        );
        assert_eq!(registries("web/.npmrc", "registry=http://mirror.local\n").len(), 1);
        assert_eq!(registries(".cargo/config.toml", "[source.crates-io]\n").len(), 1);
    }

    #[test]
    fn the_public_ones_are_fine() {
        assert!(registries("Cargo.lock", &format!("source = \"{CRATES}\"\n")).is_empty());
        assert!(
            registries("web/package-lock.json", &format!("\"resolved\": \"{NPM}react/-/react-19.tgz\",\n")).is_empty()
        );
        assert!(registries(".cargo/config.toml", "[alias]\n").is_empty());
        assert!(registries("web/.npmrc", "omit-lockfile-registry-resolved=true\n").is_empty());
    }
}
