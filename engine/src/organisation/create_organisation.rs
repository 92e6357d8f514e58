//! The first event of an organisation.

use super::{Event, Organisation, Rejection, rejection::name};
use serde::{Deserialize, Serialize};

/// Creates the organisation of this journal. Repeating it with the same name is harmless.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateOrganisation {
    /// Its name.
    pub name: String,
}

/// Refuses, in this order: a bad name, another name than on record.
pub fn create_organisation(state: &Organisation, command: &CreateOrganisation) -> Result<Vec<Event>, Rejection> {
    let name = name(&command.name)?;
    if state.exists() {
        return if state.name == name { Ok(vec![]) } else { Err(Rejection::TermsDiffer) };
    }
    Ok(vec![Event::Created { name }])
}
