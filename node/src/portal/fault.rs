//! What is wrong, as the API tells it: a code that whoever shows it puts into words.

use crate::words::{Code, Fault};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

/// What is wrong somewhere.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
pub(super) struct FaultJson {
    /// Stable word for programs and translations.
    #[schema(schema_with = codes)]
    code: &'static str,
    /// Place and cause in the words of the system or of the other side; may be empty.
    detail: String,
}

fn codes() -> Object {
    let words = Code::ALL.iter().map(|code| code.word());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

impl From<Fault> for FaultJson {
    fn from(fault: Fault) -> Self {
        Self { code: fault.code.word(), detail: fault.detail }
    }
}
