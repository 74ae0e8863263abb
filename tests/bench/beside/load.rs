//! What is sent: generated studies as files, and the ways to send them.

use crate::server::Server;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};
use tests::{Client, Instance, Study, multipart};

/// Files of one piece of work, gone when it is dropped.
pub(crate) struct Load {
    pub(crate) studies: Vec<Vec<Instance>>,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) bytes: f64,
    _folder: tempfile::TempDir,
}

/// `studies` with so many images of so many pixels each way.
pub(crate) fn load(studies: u32, images: u32, pixels: u16) -> Load {
    let folder = tempfile::TempDir::with_prefix("confrere-load-").unwrap();
    let made: Vec<(Vec<Instance>, Vec<PathBuf>)> =
        (0..studies).map(|_| Study::of(images).size(pixels, pixels).write(folder.path())).collect();
    of(made, folder)
}

fn of(made: Vec<(Vec<Instance>, Vec<PathBuf>)>, folder: tempfile::TempDir) -> Load {
    let (studies, paths): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let bytes = studies.iter().flatten().map(|i: &Instance| i.data_set().len() as f64).sum();
    Load { studies, paths: paths.into_iter().flatten().collect(), bytes, _folder: folder }
}

const FAMILY: [&str; 12] = [
    "Martin", "Bernard", "Thomas", "Petit", "Robert", "Richard", "Durand", "Dubois", "Moreau", "Laurent", "Lefèvre",
    "Garnier",
];
const MODALITIES: [&str; 5] = ["CT", "MR", "CR", "US", "MG"];

/// One tiny image in each of many studies: names, dates over two years, five modalities.
pub(crate) fn register(first: u32, studies: u32) -> Load {
    let folder = tempfile::TempDir::with_prefix("confrere-load-").unwrap();
    let made = (first..first + studies).map(|n| registered(n).write(folder.path())).collect();
    of(made, folder)
}

/// One study of the register.
pub(crate) fn registered(n: u32) -> Study {
    let family = FAMILY[n as usize % FAMILY.len()];
    let mut study = Study::of(1).size(8, 8).modality(MODALITIES[(n / 7) as usize % MODALITIES.len()]);
    study = study.named(&format!("{family}^Anne{n:06}"));
    study.patient_id = format!("R{n:07}");
    study.date = format!("{}{:02}{:02}", 2025 + n % 2, 1 + (n / 2) % 12, 1 + (n / 24) % 28);
    study.description = format!("Examen {n:06}");
    study
}

fn sender(binary: Option<&str>, (title, address): (&str, SocketAddr), paths: &[PathBuf]) -> Child {
    let mut command = Command::new(binary.unwrap_or("storescu"));
    match binary {
        Some(_) => command.args(["send", "--to", &format!("{title}@{address}")]),
        None => command.args(["-aec", title, &address.ip().to_string(), &address.port().to_string()]),
    };
    command.env("TCP_NODELAY", "1").args(paths);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// C-STORE over so many associations at once, by the node's own sender or by `storescu`; gives the seconds until all have
/// their answer.
pub(crate) fn store(binary: Option<&str>, to: &Server, paths: &[PathBuf], associations: usize) -> f64 {
    store_at(binary, (&to.title, to.dimse), paths, associations)
}

pub(crate) fn store_at(binary: Option<&str>, to: (&str, SocketAddr), paths: &[PathBuf], associations: usize) -> f64 {
    let share = paths.len().div_ceil(associations);
    let began = Instant::now();
    let children: Vec<Child> = paths.chunks(share).map(|paths| sender(binary, to, paths)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success(), "all are stored at {}", to.0);
    }
    began.elapsed().as_secs_f64()
}

/// Many files, in portions that a command line takes.
pub(crate) fn store_all(binary: &str, to: &Server, paths: &[PathBuf]) {
    for portion in paths.chunks(4000) {
        store(Some(binary), to, portion, 4);
    }
}

/// STOW-RS, so many a request, over one connection; seconds.
pub(crate) async fn stow(to: &Server, instances: &[Instance], each: usize) -> f64 {
    let mut client = Client::connect(to.http).await.unwrap();
    let files: Vec<&[u8]> = instances.iter().map(|i| i.file.as_slice()).collect();
    let bodies: Vec<_> = files.chunks(each).map(multipart::body).collect();
    let began = Instant::now();
    for body in bodies {
        let ask = to.post("/studies").header("accept", "application/dicom+json").body(&multipart::dicom_type(), body);
        let answer = client.ask(ask).await.unwrap();
        assert_eq!(answer.status, 200, "{}: {}", to.name, answer.text());
    }
    began.elapsed().as_secs_f64()
}

/// The disk's own: milliseconds of the median fdatasync after 4 KiB.
pub(crate) fn fdatasync_p50(folder: &Path) -> f64 {
    use std::io::Write;
    let mut file = tempfile::NamedTempFile::new_in(folder).unwrap();
    let mut times: Vec<f64> = (0..200)
        .map(|_| {
            file.write_all(&[7; 4096]).unwrap();
            let began = Instant::now();
            file.as_file().sync_data().unwrap();
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[100]
}
