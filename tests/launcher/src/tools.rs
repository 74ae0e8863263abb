//! The tools outside the checkout: whether they are there, and how to get those that are not.

use crate::{
    Stop, root,
    step::{self, output},
    target,
};
use std::{
    env,
    path::{Path, PathBuf},
};

/// A tool, how to see whether it is there, and where it comes from.
#[derive(Debug)]
pub(crate) struct Tool {
    /// For people.
    name: &'static str,
    /// Any of these on the path will do.
    programs: &'static [&'static str],
    /// A command that succeeds when it is whole; none where the program is all.
    proof: &'static [&'static str],
    /// Debian packages that bring it.
    packages: &'static [&'static str],
}

pub(crate) const C_COMPILER: Tool =
    Tool { name: "a C compiler", programs: &["cc", "gcc", "clang"], proof: &[], packages: &["gcc", "libc6-dev"] };
pub(crate) const DCMTK: Tool =
    Tool { name: "DCMTK (storescu, dcmsign)", programs: &["storescu"], proof: &[], packages: &["dcmtk"] };
pub(crate) const ORTHANC: Tool = Tool {
    name: "Orthanc with DICOMweb",
    programs: &["Orthanc"],
    proof: &["test", "-e", "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
    packages: &["orthanc", "orthanc-dicomweb"],
};
pub(crate) const NGINX: Tool = Tool {
    name: "nginx and h2load (HTTP/2 beside the pixel plane)",
    programs: &["nginx", "/usr/sbin/nginx"],
    proof: &["h2load", "--version"],
    packages: &["nginx-light", "nghttp2-client"],
};
pub(crate) const IPROUTE: Tool =
    Tool { name: "ip (network namespaces)", programs: &["ip"], proof: &[], packages: &["iproute2"] };
pub(crate) const NFTABLES: Tool =
    Tool { name: "nft (address translators)", programs: &["nft"], proof: &[], packages: &["nftables"] };
pub(crate) const GDCM: Tool =
    Tool { name: "GDCM (gdcmscu, gdcmconv)", programs: &["gdcmscu"], proof: &[], packages: &["libgdcm-tools"] };
pub(crate) const ODIL: Tool =
    Tool { name: "odil", programs: &["odil"], proof: &["/usr/bin/python3", "-c", "import odil"], packages: &["odil"] };
pub(crate) const XORRISO: Tool = Tool { name: "xorriso", programs: &["xorriso"], proof: &[], packages: &["xorriso"] };
pub(crate) const RSYSLOG: Tool = Tool {
    name: "rsyslog with OpenSSL",
    programs: &["rsyslogd"],
    proof: &["sh", "-c", "ls /usr/lib/*/rsyslog/lmnsd_ossl.so"],
    packages: &["rsyslog", "rsyslog-openssl"],
};
pub(crate) const OPENSSL: Tool = Tool { name: "OpenSSL", programs: &["openssl"], proof: &[], packages: &["openssl"] };
pub(crate) const XMLLINT: Tool =
    Tool { name: "xmllint", programs: &["xmllint"], proof: &[], packages: &["libxml2-utils"] };
/// Debian's Python comes without `ensurepip`, and makes no environments until it is there.
pub(crate) const PYTHON: Tool = Tool {
    name: "Python 3 with venv",
    programs: &["python3"],
    proof: &["python3", "-c", "import ensurepip, venv"],
    packages: &["python3", "python3-venv"],
};
pub(crate) const CHROMIUM: Tool = Tool {
    name: "Chromium",
    programs: &["chromium", "chromium-browser", "google-chrome"],
    proof: &[],
    packages: &["chromium", "fonts-dejavu-core"],
};

/// Oldest Node that the portal's build runs on.
const NODE_MAJOR_MIN: u32 = 20;

impl Tool {
    fn is_here(&self) -> bool {
        let is_whole = self.proof.split_first().is_none_or(|(program, rest)| output(program, rest).is_some());
        self.programs.iter().any(|program| on_path(program)) && is_whole
    }
}

fn on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Rust as installed with rustup, Node and npm: asked for, never installed from here, since a distribution's own may
/// be too old.
pub(crate) fn check_languages() -> Result<(), Stop> {
    if output("rustc", &["--version"]).is_none() {
        return Err(Stop::new("rustc is missing. Install Rust with rustup: https://rustup.rs"));
    }
    let node = output("node", &["--version"]);
    match node.as_deref().and_then(major) {
        Some(major) if major >= NODE_MAJOR_MIN => {}
        _ => {
            let found = node.map_or_else(|| "none was found".to_owned(), |version| format!("found {}", version.trim()));
            return Err(Stop::new(format!(
                "Node {NODE_MAJOR_MIN} or newer is needed to build the portal; {found}. See https://nodejs.org/en/download"
            )));
        }
    }
    if output("npm", &["--version"]).is_none() {
        return Err(Stop::new("npm is missing. It comes with Node: https://nodejs.org/en/download"));
    }
    Ok(())
}

/// `v20.11.1` → 20.
fn major(version: &str) -> Option<u32> {
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// rustfmt and clippy: a minimal rustup profile leaves them out.
pub(crate) fn check_components() -> Result<(), Stop> {
    for (component, program) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if output("cargo", &[program, "--version"]).is_none() {
            step::run(
                &format!("rustup component add {component}"),
                step::command("rustup", &["component", "add", component]),
            )?;
        }
    }
    Ok(())
}

/// Installs what is missing where that is possible, else says what and how.
pub(crate) fn ensure(tools: &[&Tool]) -> Result<(), Stop> {
    let missing: Vec<&Tool> = tools.iter().copied().filter(|tool| !tool.is_here()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|tool| tool.packages.iter().copied()).collect();
    let names: Vec<&str> = missing.iter().map(|tool| tool.name).collect();
    if !(is_root() && on_path("apt-get")) {
        return Err(Stop::new(format!(
            "missing: {}. On Debian: sudo apt-get install --no-install-recommends {}",
            names.join(", "),
            packages.join(" ")
        )));
    }
    step::run("apt-get update", apt(&["update", "-q"]))?;
    let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
    arguments.extend(&packages);
    step::run(&format!("apt-get install {}", packages.join(" ")), apt(&arguments))?;
    match missing.iter().find(|tool| !tool.is_here()) {
        Some(tool) => Err(Stop::new(format!("{} is still missing after the installation", tool.name))),
        None => Ok(()),
    }
}

/// A tool that is built from crates.io into the target folder, once a version; gives its program.
pub(crate) fn built(name: &str, version: &str, more: &[&str]) -> Result<PathBuf, Stop> {
    let root = target().join("tools").join(format!("{name}-{version}"));
    let program = root.join("bin").join(name);
    if program.is_file() {
        return Ok(program);
    }
    let mut install =
        step::command("cargo", &["install", name, "--version", version, "--locked", "--debug", "--quiet"]);
    install.args(more).arg("--root").arg(&root);
    let build = root.join("build");
    install.env("CARGO_TARGET_DIR", &build).env("CARGO_PROFILE_DEV_DEBUG", "false");
    step::run(&format!("cargo install {name}"), install)?;
    std::fs::remove_dir_all(&build).map_err(|error| Stop::new(format!("{}: {error}", build.display())))?;
    Ok(program)
}

/// An object store to test against, which compares signatures.
pub(crate) fn object_store() -> Result<(), Stop> {
    built("s3s-fs", "0.14.1", &["--features", "binary"]).map(drop)
}

/// An identity provider to test against, `oidc-provider`, with what it needs, as its lock file says.
pub(crate) fn identity_provider() -> Result<(), Stop> {
    let folder = root().join("tests/identity_provider");
    let (lock, made) = (folder.join("package-lock.json"), folder.join("node_modules/.confrere-lock"));
    let read = |path: &Path| std::fs::read(path).ok();
    if read(&made).is_some_and(|of| Some(of) == read(&lock)) {
        return Ok(());
    }
    let mut install = step::npm(&["ci", "--no-audit"]);
    install.current_dir(&folder);
    step::run("identity provider: npm ci", install)?;
    let kept = std::fs::copy(&lock, &made).map(|_| ());
    kept.map_err(|error| Stop::new(format!("{}: {error}", made.display())))
}

fn apt(arguments: &[&str]) -> std::process::Command {
    let mut command = step::command("apt-get", arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().is_ok_and(|me| me.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major("v20.11.1\n"), Some(20));
        assert_eq!(major("nonsense"), None);
    }

    #[test]
    fn a_tool_is_found_by_any_of_its_programs() {
        assert!(
            Tool { name: "sh", programs: &["no-such-shell", "sh"], proof: &["sh", "-c", "exit 0"], packages: &[] }
                .is_here()
        );
        assert!(!Tool { name: "none", programs: &["no-such-program"], proof: &[], packages: &[] }.is_here());
        assert!(!Tool { name: "half", programs: &["sh"], proof: &["sh", "-c", "exit 1"], packages: &[] }.is_here());
    }
}
