use super::*;
use protocol::coding::{self, Layout};
use std::collections::{BTreeMap, HashMap};

fn corpus(part: &str) -> Option<Vec<PathBuf>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("CONFRERE_TEST_DATA").map(PathBuf::from);
    let beside = here.join("../../shared/data");
    let Some(root) = [named, Some(beside)].into_iter().flatten().find(|root| root.join("MANIFEST.csv").exists()) else {
        println!("no test data (CONFRERE_TEST_DATA): this story was not told");
        return None;
    };
    let mut files = Vec::new();
    walk(&root.join(part), &mut files);
    files.retain(|path| !part.is_empty() || !path.starts_with(root.join("bad")));
    files.retain(|path| !path.extension().is_some_and(|e| e == "csv" || e == "md"));
    files.sort();
    Some(files)
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, files) } else { files.push(path) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sound_file_comes_back_byte_for_byte() {
    let Some(files) = corpus("") else { return };
    let dir = tempfile::tempdir().unwrap();
    let site = Site::open(dir.path(), 100);
    let (mut stored, mut refused) = (Vec::new(), BTreeMap::<String, Vec<PathBuf>>::new());
    let began = Instant::now();
    for path in &files {
        match site.store(&fs::read(path).unwrap()).await {
            Ok(ingested) => stored.push((path.clone(), ingested)),
            Err(error) => {
                let reason = error.to_string();
                refused.entry(reason.split(" 1.").next().unwrap().to_owned()).or_default().push(path.clone());
            }
        }
    }
    println!("{} stored in {:?}", stored.len(), began.elapsed());
    for (reason, paths) in &refused {
        println!("{}: {reason}", paths.len());
        paths.iter().take(12).for_each(|path| println!("    {}", path.display()));
    }
    for (path, ingested) in &stored {
        let file = fs::read(path).unwrap();
        let (meta, data) = site.read(ingested).await.unwrap();
        if !(meta.len() + data.len() == file.len() && file.starts_with(&meta)) {
            println!("made a meta group for {}", path.display());
        }
        assert!(file.ends_with(&data), "{}", path.display());
        let row = site.row(ingested);
        let header = object::header(&site.archive.inner, &ingested.study, &row.entry.digest).await.unwrap();
        assert_eq!(header, data.slice(..row.entry.header_bytes as usize));
    }
    assert!(stored.len() > 950, "{}", stored.len());
    let mut faults = 0;
    site.archive.verify(&mut |verified| faults += usize::from(verified.fault.is_some())).await.unwrap();
    assert_eq!(faults, 0);
    let rows = site.all_rows();
    site.kill().await;
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let site = Site::open(dir.path(), 100_000);
    let strip = |rows: Vec<(StudyRow, SeriesRows)>| {
        rows.into_iter().map(|(s, r)| (s.study, s.instances, s.bytes, s.patient, r)).collect::<Vec<_>>()
    };
    assert_eq!(strip(site.all_rows()), strip(rows));
}

/// As the holder would code them: each MiB by itself, and once more from where no row begins.
#[test]
fn every_file_is_the_same_after_the_wire() {
    let (Some(good), Some(bad)) = (corpus(""), corpus("bad")) else { return };
    let (mut gridded, mut plain, mut coded_bytes) = (0usize, 0usize, 0usize);
    for path in good.iter().chain(&bad) {
        let file = fs::read(path).unwrap();
        let Ok(front) = part10::front(&file) else { continue };
        let data = &file[front.data_at..];
        let Ok(scanned) = prescan::scan(prescan::DataSet::Memory(data), &front.transfer_syntax) else { continue };
        if !prescan::is_native(&front.transfer_syntax) {
            continue;
        }
        let header_bytes = scanned.header_bytes as usize;
        let grid = prescan::grid(data, header_bytes, &front.transfer_syntax);
        for (from, step) in [(0, 1 << 20), (data.len() / 3, 1 << 20), (0, 50_001)] {
            let mut offset = from;
            for unit in data[from..].chunks(step) {
                let layout = grid.map(|(grid, start, end)| Layout::at(grid, (start, end), offset as u64));
                let coded = coding::encode(unit, layout.as_ref());
                if let Some(coded) = &coded {
                    let back = coding::decode(coded, unit.len());
                    assert!(back.as_deref() == Ok(unit), "{} at {offset}", path.display());
                }
                if (from, step) == (0, 1 << 20) && grid.is_some() {
                    gridded += usize::from(offset == 0);
                    plain += unit.len();
                    coded_bytes += coded.map_or(unit.len(), |coded| coded.len());
                }
                offset += unit.len();
            }
        }
    }
    println!("{gridded} of {} files have a grid: {plain} bytes, {coded_bytes} coded", good.len() + bad.len());
    assert!(gridded > 700 && coded_bytes * 3 < plain, "{gridded}: {plain}, {coded_bytes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_file_is_stored_whole_or_refused_with_a_reason_in_time() {
    let Some(files) = corpus("bad") else { return };
    let mut outcomes = HashMap::new();
    for path in &files {
        // The files share UIDs, so that each gets an archive of its own.
        let dir = tempfile::tempdir().unwrap();
        let site = Site::open(dir.path(), 100_000);
        let began = Instant::now();
        let file = fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let outcome = site.store(&file).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{name} took {:?}", began.elapsed());
        println!("{name}: {}", outcome.as_ref().map_or_else(ToString::to_string, |i| format!("stored {}", i.known)));
        if let Ok(ingested) = &outcome {
            let (_, data) = site.read(ingested).await.unwrap();
            assert!(file.ends_with(&data) && !data.is_empty(), "{name}");
        }
        outcomes.insert(name, outcome.is_ok());
        assert_eq!(fs::read_dir(dir.path().join("objects/tmp")).unwrap().count(), 0);
        site.kill().await;
    }
    for stored in ["odd-length.dcm", "no-preamble.dcm", "dataset-only-evrle.dcm", "bad-vr.dcm", "name-long.dcm"] {
        assert!(outcomes[stored], "{stored}");
    }
    for refused in ["nested-sq-20000.dcm", "pixeldata-length-4g.dcm", "deflate-bomb-200mib.dcm", "empty.dcm"] {
        assert!(!outcomes[refused], "{refused}");
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|l| l.starts_with("VmHWM")).unwrap());
}
