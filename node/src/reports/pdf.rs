//! A report as PDF: A4, the patient and what the report is on every page, the four parts, who signed it.
//!
//! The same report is the same bytes wherever it is written, but for the names by which sites know one another, the local
//! time, and where its images are seen and how long they are kept. Nothing in it is active: no script, no form, no link that is followed by itself.
//!
//! # Not here
//! The DICOM object around it: [`super::sr`].

use super::{
    Kept, Sheet,
    letters::{Face, encode, width, wrap},
    words::{self, Label},
};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 56.0;
/// Where the text of a page begins and ends, below the patient and above the foot.
const TOP: f32 = 730.0;
const BOTTOM: f32 = 76.0;
const ROOM: f32 = WIDTH - 2.0 * MARGIN;
const SIZE: f32 = 10.5;
const SMALL: f32 = 8.5;
const LEADING: f32 = 1.35;
/// Pages at most: a report has 64 KiB of text, which is some thirty.
const PAGES_MAX: usize = 200;

const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

/// A line with the space above it.
struct Line {
    text: Vec<u8>,
    face: Face,
    size: f32,
    above: f32,
}

struct Text {
    lines: Vec<Line>,
    is_exact: bool,
}

impl Text {
    fn put(&mut self, text: &str, face: Face, size: f32, above: f32) {
        let mut above = above;
        for paragraph in text.trim_end().split('\n') {
            let (bytes, is_exact) = encode(paragraph.trim_end());
            self.is_exact &= is_exact;
            for line in wrap(&bytes, face, size, ROOM) {
                self.lines.push(Line { text: line, face, size, above });
                above = 0.0;
            }
        }
    }

    fn labelled(&mut self, label: &str, value: &str) {
        if !value.trim().is_empty() {
            self.put(&format!("{label} : {value}"), Face::Plain, SIZE, 0.0);
        }
    }
}

/// Writes it.
pub(crate) fn pdf(sheet: &Sheet) -> Vec<u8> {
    let mut text = Text { lines: Vec::new(), is_exact: true };
    body(sheet, &mut text);
    if !text.is_exact || !encode(&heading(sheet)).1 {
        text.put(&words::label(sheet, Label::Letters), Face::Plain, SMALL, 12.0);
    }
    write(sheet, &paginate(text.lines))
}

fn body(sheet: &Sheet, text: &mut Text) {
    let (report, say) = (&sheet.report, |label| words::label(sheet, label));
    text.put(&words::title(sheet), Face::Bold, 15.0, 0.0);
    if let Some(by) = &sheet.superseded {
        let by = format!("{}, {} – {}", by.person, by.site, words::moment(sheet.language(), by.at));
        text.put(&format!("{} : {by}", say(Label::SupersededNote)), Face::Bold, SIZE, 4.0);
    } else if sheet.is_preliminary() {
        text.put(&say(Label::PreliminaryNote), Face::Bold, SIZE, 4.0);
    }
    if report.critical {
        text.put(&say(Label::Critical), Face::Bold, SIZE, 4.0);
    }
    text.put("", Face::Plain, 4.0, 0.0);
    text.labelled(&say(Label::Asked), &sheet.requester);
    text.labelled(&say(Label::Accession), &sheet.accession.0);
    text.labelled(&say(Label::Question), &sheet.question);
    let parts = [&report.indication, &report.technique, &report.findings, &report.conclusion];
    for (heading, part) in words::headings(sheet).iter().zip(parts) {
        if part.trim().is_empty() {
            continue;
        }
        let (face, above) = (Face::Bold, 14.0);
        text.put(heading, face, 11.5, above);
        text.put(part, Face::Plain, SIZE, 3.0);
    }
    if !sheet.images.is_empty() {
        text.put(&say(Label::KeyImages), Face::Bold, 11.5, 14.0);
    }
    for image in &sheet.images {
        let lies = image.instance.as_ref().unwrap_or(&image.series);
        let frame = image.frame.map(|frame| format!(" [{frame}]")).unwrap_or_default();
        let said = if image.text.trim().is_empty() { "–" } else { image.text.trim() };
        text.put(said, Face::Plain, SIZE, 3.0);
        text.put(&format!("{lies}{frame}"), Face::Plain, SMALL, 0.0);
    }
    text.put("", Face::Plain, 4.0, 8.0);
    text.labelled(&say(Label::Despite), &report.despite);
    text.labelled(&say(Label::Identified), &sheet.identified().unwrap_or_default());
    let signed = format!("{}, {} – {}", sheet.person, sheet.reader, words::when(sheet));
    text.put(&format!("{} : {signed}", say(Label::Signed)), Face::Bold, SIZE, 0.0);
    let read: Vec<String> = report.read.iter().map(|(study, version)| format!("{study} (v{version})")).collect();
    if !read.is_empty() {
        text.put(&format!("{} : {}", say(Label::Read), read.join(", ")), Face::Plain, SMALL, 6.0);
    }
    let kept = sheet.beside.kept.as_ref().map(|kept| match kept {
        Kept::Until(day) => format!("{} {}", say(Label::KeptUntil), words::day(sheet.language(), day)),
        Kept::Open => say(Label::KeptOpen),
    });
    let viewer = sheet.beside.viewer.as_ref().map(|address| format!("{} : {address}", say(Label::Viewer)));
    for line in viewer.into_iter().chain(kept) {
        text.put(&line, Face::Plain, SMALL, 3.0);
    }
}

fn paginate(lines: Vec<Line>) -> Vec<Vec<(f32, Line)>> {
    let (mut pages, mut at) = (vec![Vec::new()], TOP);
    for line in lines {
        let height = line.size * LEADING;
        let is_first = pages.last().is_none_or(Vec::is_empty);
        at -= if is_first { height } else { height + line.above };
        if at < BOTTOM && !is_first && pages.len() < PAGES_MAX {
            pages.push(Vec::new());
            at = TOP - height;
        }
        if let Some(page) = pages.last_mut() {
            page.push((at, line));
        }
    }
    pages
}

/// Who it is about.
fn heading(sheet: &Sheet) -> String {
    let patient = &sheet.patient;
    let name = words::person(&patient.name);
    let name = if name.is_empty() { words::label(sheet, Label::Nobody) } else { name };
    let born = words::day(sheet.language(), &patient.birth_date);
    let mut said = vec![format!("{} : {name}", words::label(sheet, Label::Patient))];
    if !born.is_empty() {
        said.push(format!("{} {born}", words::label(sheet, Label::Born)));
    }
    said.extend((!patient.sex.is_empty()).then(|| patient.sex.clone()));
    said.join("  ·  ")
}

fn identifiers(sheet: &Sheet) -> String {
    let patient = &sheet.patient;
    let id =
        if patient.issuer.is_empty() { patient.id.clone() } else { format!("{} ({})", patient.id, patient.issuer) };
    let national = (!patient.national.is_empty()).then(|| format!("INS {}", patient.national));
    let id = (!patient.id.is_empty()).then(|| format!("{} : {id}", words::label(sheet, Label::Identifier)));
    id.into_iter().chain(national).collect::<Vec<_>>().join("  ·  ")
}

fn write(sheet: &Sheet, pages: &[Vec<(f32, Line)>]) -> Vec<u8> {
    let mut next = 1;
    let mut fresh = || {
        let id = Ref::new(next);
        next += 1;
        id
    };
    let mut pdf = Pdf::new();
    let (catalog, tree, plain, bold, info) = (fresh(), fresh(), fresh(), fresh(), fresh());
    let ids: Vec<(Ref, Ref)> = pages.iter().map(|_| (fresh(), fresh())).collect();
    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr(sheet.language().tag()));
    root.viewer_preferences().display_doc_title(true);
    root.finish();
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(ids.iter().map(|(page, _)| *page)).count(count);
    for (id, face) in [(plain, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        let mut font = pdf.type1_font(id);
        font.base_font(Name(face)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    // No name in the file's properties: they are shown by file managers.
    pdf.document_info(info).title(TextStr(&words::title(sheet))).producer(TextStr("Confrere"));
    for (number, (lines, (page_id, content_id))) in (1..).zip(pages.iter().zip(&ids)) {
        let mut page = pdf.page(*page_id);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(*content_id);
        page.resources().fonts().pair(PLAIN, plain).pair(BOLD, bold);
        page.finish();
        pdf.stream(*content_id, &content(sheet, lines, (number, pages.len())));
    }
    pdf.finish()
}

fn content(sheet: &Sheet, lines: &[(f32, Line)], (number, of): (usize, usize)) -> Vec<u8> {
    let mut content = Content::new();
    if sheet.is_preliminary() {
        let mark = if sheet.superseded.is_some() { Label::Superseded } else { Label::Preliminary };
        let (mark, _) = encode(&words::label(sheet, mark));
        across(&mut content, &mark);
    }
    let mut put = |x: f32, y: f32, text: &str, face: Face, size: f32| {
        let (bytes, _) = encode(text);
        show(&mut content, x, y, &bytes, face, size);
    };
    put(MARGIN, 790.0, &sheet.requester, Face::Bold, 11.0);
    put(MARGIN, 774.0, &heading(sheet), Face::Bold, SIZE);
    put(MARGIN, 760.0, &identifiers(sheet), Face::Plain, SMALL);
    let page = format!("{} {number}/{of}", words::label(sheet, Label::Page));
    let foot = format!("{} {}  ·  {}", words::label(sheet, Label::Case), sheet.case, page);
    put(MARGIN, 48.0, &foot, Face::Plain, SMALL);
    put(MARGIN, 36.0, &format!("{}  ·  {}", words::title(sheet), words::when(sheet)), Face::Plain, SMALL);
    for (y, line) in lines {
        show(&mut content, MARGIN, *y, &line.text, line.face, line.size);
    }
    for y in [752.0, 62.0] {
        content.set_stroke_gray(0.6).set_line_width(0.5).move_to(MARGIN, y).line_to(WIDTH - MARGIN, y).stroke();
    }
    content.finish().to_vec()
}

fn show(content: &mut Content, x: f32, y: f32, text: &[u8], face: Face, size: f32) {
    let font = match face {
        Face::Plain => PLAIN,
        Face::Bold => BOLD,
    };
    content.begin_text().set_fill_gray(0.0).set_font(font, size).next_line(x, y).show(Str(text)).end_text();
}

/// A word from corner to corner, under the text.
fn across(content: &mut Content, word: &[u8]) {
    let size = 0.8 * WIDTH.hypot(HEIGHT) / (width(word, Face::Bold, 1.0)).max(1.0);
    let (sin, cos) = (HEIGHT / WIDTH.hypot(HEIGHT), WIDTH / WIDTH.hypot(HEIGHT));
    let (x, y) = (WIDTH * 0.1 + sin * size * 0.35, HEIGHT * 0.1 - cos * size * 0.35);
    content.begin_text().set_fill_gray(0.86).set_font(BOLD, size);
    content.set_text_matrix([cos, sin, -sin, cos, x, y]).show(Str(word)).end_text();
}
