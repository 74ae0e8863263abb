//! The life of a node from the command line: init, serve, config check, rebuild.

use super::{
    args::{ConfigCommand, Init},
    text,
};
use crate::{
    archive,
    config::{Addresses, Config},
    site::{self, Founding, Lock, Site},
};
use std::path::Path;

pub(super) fn init(dir: &Path, init: Init) -> anyhow::Result<()> {
    let Init { site, ae_title, language, portal, dimse, overlay, pixels } = init;
    let made = site::create(dir, &Founding { site, ae_title, language, portal, dimse, overlay, pixels })?;
    let folder = dir.display();
    println!("{} is founded in {folder}." | "{} est fondé dans {folder}.", made.config.site.name);
    println!("  site key   {}" | "  clé du site  {}", made.site);
    println!("  settings   {}" | "  réglages     {}", dir.join(crate::config::CONFIG_FILE).display());
    if let Some(fingerprint) = &made.fingerprint {
        println!(
            "  the portal's certificate is self-signed; its SHA-256 fingerprint is"
                | "  le certificat du portail est autosigné ; son empreinte SHA-256 est"
        );
        println!("             {fingerprint}");
    }
    println!(
        "\nNext:\n  confrere user add admin --role admin --dir {folder}\n  confrere serve --dir {folder}"
            | "\nEnsuite :\n  confrere user add admin --role admin --dir {folder}\n  confrere serve --dir {folder}"
    );
    Ok(())
}

pub(super) async fn serve(dir: &Path) -> anyhow::Result<()> {
    more_files();
    let site = Site::open(dir)?;
    Ok(site.serve(announce).await?)
}

fn announce(site: &Site, bound: &Addresses) {
    let scheme = if site.config.tls().is_some() { "https" } else { "http" };
    println!("{} is up." | "{} est en marche.", site.config.site.name);
    println!("  portal     {scheme}://{}/" | "  portail    {scheme}://{}/", bound.portal);
    println!("  DICOMweb   {scheme}://{}/dicomweb", bound.portal);
    println!("  DICOM      {}@{}", site.config.dimse.ae_title, bound.dimse);
    println!(
        "  peers      {} (messages), {} (images)" | "  confrères  {} (messages), {} (images)",
        bound.overlay, bound.pixels
    );
    println!("  site key   {}" | "  clé du site  {}", site.identity.site());
}

/// Every connection and object is a file: as many as the system lets us.
fn more_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
    {
        tracing::warn!(%error, "the limit of open files stays at {soft}");
    }
}

pub(super) fn config(dir: &Path, ConfigCommand::Check: &ConfigCommand) -> anyhow::Result<()> {
    print!("{}", Config::load(dir)?.to_text(false));
    Ok(())
}

pub(super) fn rebuild(dir: &Path) -> anyhow::Result<()> {
    Config::load(dir)?;
    let _lock = Lock::try_take(dir).map_err(|held| {
        anyhow::Error::new(held).context(told!(
            "stop the node first: rebuild works on a folder at rest"
                | "arrêtez d'abord le nœud : rebuild travaille sur un dossier au repos"
        ))
    })?;
    let bar = super::objects::spinner();
    let totals = archive::rebuild(dir, &mut |records| {
        bar.set_message(told!("{records} records" | "{records} enregistrements"));
        bar.tick();
    })?;
    bar.finish_and_clear();
    let bytes = text::size(totals.bytes);
    println!(
        "The index is made again: {} studies, {} instances, {bytes}."
            | "L'index est refait : {} examens, {} instances, {bytes}.",
        totals.studies, totals.instances
    );
    Ok(())
}
