//! What the door offers, told to machines: the capabilities document (PS3.18 §8.9) as WADL, on OPTIONS of a root.
//!
//! # Not here
//! The routes themselves: [`super::routes`]; a test keeps both the same.

use super::{accept, error::Problem};
use axum::{
    extract::OriginalUri,
    http::{HeaderMap, Method, header},
    response::{IntoResponse, Response},
};
use std::fmt::Write;

/// Media type of the document.
const WADL: &str = "application/vnd.sun.wadl+xml";
const OBJECTS: &[&str] = &["multipart/related; type=&quot;application/dicom&quot;"];
const OBJECT: &[&str] = &["multipart/related; type=&quot;application/dicom&quot;", "application/dicom"];
const OCTETS: &[&str] = &["multipart/related; type=&quot;application/octet-stream&quot;", "application/octet-stream"];
const JSON: &[&str] = &["application/dicom+json"];
const PICTURES: &[&str] = &["image/jpeg", "image/png"];
const SEVERAL_PICTURES: &[&str] =
    &["multipart/related; type=&quot;image/jpeg&quot;", "multipart/related; type=&quot;image/png&quot;"];

/// A resource: its path under the root, the transaction that GET is, and what it is answered with.
pub(super) struct Resource {
    pub(super) path: &'static str,
    get: &'static str,
    media: &'static [&'static str],
    /// Takes instances in.
    pub(super) stores: bool,
    /// Can be rejected.
    pub(super) rejects: bool,
}

const fn reads(path: &'static str, get: &'static str, media: &'static [&'static str]) -> Resource {
    Resource { path, get, media, stores: false, rejects: false }
}

const fn stores(path: &'static str, get: &'static str, media: &'static [&'static str]) -> Resource {
    Resource { path, get, media, stores: true, rejects: false }
}

const fn rejects(resource: Resource) -> Resource {
    Resource { rejects: true, ..resource }
}

/// All resources under a root.
pub(super) const RESOURCES: &[Resource] = &[
    reads("wado", "WadoUri", &["image/jpeg", "image/png", "application/dicom"]),
    stores("studies", "SearchForStudies", JSON),
    reads("series", "SearchForSeries", JSON),
    reads("instances", "SearchForInstances", JSON),
    rejects(stores("studies/{study}", "RetrieveStudy", OBJECTS)),
    reads("studies/{study}/metadata", "RetrieveStudyMetadata", JSON),
    reads("studies/{study}/series", "SearchForStudySeries", JSON),
    reads("studies/{study}/instances", "SearchForStudyInstances", JSON),
    reads("studies/{study}/rendered", "RetrieveRenderedStudy", SEVERAL_PICTURES),
    reads("studies/{study}/thumbnail", "RetrieveStudyThumbnail", PICTURES),
    rejects(reads("studies/{study}/series/{series}", "RetrieveSeries", OBJECTS)),
    reads("studies/{study}/series/{series}/metadata", "RetrieveSeriesMetadata", JSON),
    reads("studies/{study}/series/{series}/instances", "SearchForStudySeriesInstances", JSON),
    reads("studies/{study}/series/{series}/rendered", "RetrieveRenderedSeries", SEVERAL_PICTURES),
    reads("studies/{study}/series/{series}/thumbnail", "RetrieveSeriesThumbnail", PICTURES),
    rejects(reads("studies/{study}/series/{series}/instances/{instance}", "RetrieveInstance", OBJECT)),
    reads("studies/{study}/series/{series}/instances/{instance}/metadata", "RetrieveInstanceMetadata", JSON),
    reads("studies/{study}/series/{series}/instances/{instance}/rendered", "RetrieveRenderedInstance", PICTURES),
    reads("studies/{study}/series/{series}/instances/{instance}/thumbnail", "RetrieveInstanceThumbnail", PICTURES),
    reads("studies/{study}/series/{series}/instances/{instance}/frames/{frames}", "RetrieveFrames", OCTETS),
    reads(
        "studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered",
        "RetrieveRenderedFrames",
        PICTURES,
    ),
    reads(
        "studies/{study}/series/{series}/instances/{instance}/frames/{frames}/thumbnail",
        "RetrieveFrameThumbnail",
        PICTURES,
    ),
    reads("studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}", "RetrieveBulkdata", OCTETS),
];

/// The worklist, which a reading context has none of: its resources, with their methods and what those are.
const WORKLIST: &[(&str, &[(&str, &str)])] = &[
    ("workitems", &[("GET", "SearchForWorkitems"), ("POST", "CreateWorkitem")]),
    ("workitems/{workitem}", &[("GET", "RetrieveWorkitem"), ("POST", "UpdateWorkitem")]),
    ("workitems/{workitem}/state", &[("PUT", "ChangeWorkitemState")]),
    ("workitems/{workitem}/cancelrequest", &[("POST", "RequestWorkitemCancellation")]),
    (
        "workitems/{workitem}/subscribers/{subscriber}",
        &[("POST", "CreateSubscription"), ("DELETE", "DeleteSubscription")],
    ),
    ("workitems/{workitem}/subscribers/{subscriber}/suspend", &[("POST", "SuspendGlobalSubscription")]),
    ("subscribers/{subscriber}", &[("GET", "OpenNotificationConnection")]),
];

/// Answers at a root. The document tells nothing of this site: nobody need sign in for it.
pub(super) async fn root(
    method: Method,
    headers: HeaderMap,
    OriginalUri(original): OriginalUri,
) -> Result<Response, Problem> {
    const ALLOWED: &str = "OPTIONS";
    let answer = || {
        if method != Method::OPTIONS {
            return Err(Problem::Method(ALLOWED));
        }
        if !accept::accepted(&headers, None).iter().any(|range| range.covers(WADL) || range.covers("application/xml")) {
            return Err(Problem::NotAcceptable("capabilities are told as application/vnd.sun.wadl+xml"));
        }
        let base = format!("{}/", original.path().trim_end_matches('/'));
        Ok(([(header::ALLOW, ALLOWED), (header::CONTENT_TYPE, WADL)], wadl(&base)).into_response())
    };
    std::future::ready(answer()).await
}

fn wadl(base: &str) -> String {
    let mut out = String::with_capacity(8 << 10);
    // The path is of our own routes; an identifier in it has no character that XML knows.
    let base: String = base.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '.')).collect();
    let _ = write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<application xmlns=\"http://wadl.dev.java.net/2009/02\">\n <resources base=\"{base}\">\n"
    );
    for resource in RESOURCES {
        let _ = writeln!(out, "  <resource path=\"{}\">", resource.path);
        for method in ["GET", "HEAD"] {
            let _ = writeln!(
                out,
                "   <method name=\"{method}\" id=\"{}{}\">\n    <response status=\"200\">",
                resource.get,
                if method == "HEAD" { "Head" } else { "" }
            );
            for media in resource.media {
                let _ = writeln!(out, "     <representation mediaType=\"{media}\"/>");
            }
            out.push_str("    </response>\n   </method>\n");
        }
        if resource.stores {
            let id = if resource.path.contains('{') { "StoreStudyInstances" } else { "StoreInstances" };
            let _ = writeln!(out, "   <method name=\"POST\" id=\"{id}\">\n    <request>");
            for media in OBJECT {
                let _ = writeln!(out, "     <representation mediaType=\"{media}\"/>");
            }
            out.push_str("    </request>\n    <response status=\"200 202 409\">\n     <representation mediaType=\"application/dicom+json\"/>\n    </response>\n   </method>\n");
        }
        if resource.rejects {
            let id = resource.get.replace("Retrieve", "Reject");
            let _ = writeln!(
                out,
                "   <method name=\"DELETE\" id=\"{id}\">\n    <response status=\"204\"></response>\n   </method>"
            );
        }
        out.push_str("  </resource>\n");
    }
    for (path, methods) in WORKLIST.iter().filter(|_| !base.contains("/contexts/")) {
        let _ = writeln!(out, "  <resource path=\"{path}\">");
        for (method, id) in *methods {
            let _ = writeln!(
                out,
                "   <method name=\"{method}\" id=\"{id}\">\n    <response>\n     <representation mediaType=\"application/dicom+json\"/>\n    </response>\n   </method>"
            );
        }
        out.push_str("  </resource>\n");
    }
    out.push_str(" </resources>\n</application>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_whole_and_names_every_resource_once() {
        let wadl = wadl("/dicomweb/");
        for tag in ["resource", "method", "response", "request", "resources", "application"] {
            let opened = wadl.matches(&format!("<{tag} ")).count() + wadl.matches(&format!("<{tag}>")).count();
            assert_eq!(opened, wadl.matches(&format!("</{tag}>")).count(), "{tag}");
            assert!(opened > 0, "{tag}");
        }
        let mut ids: Vec<&str> = wadl.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        assert!(wadl.contains("base=\"/dicomweb/\"") && wadl.contains("path=\"workitems\""));
        assert!(!super::wadl("/dicomweb/contexts/ab/").contains("workitems"));
    }
}
