//! Lines of an order as they come in: judged here so that the answer names the field, and again by the
//! engine, which knows the price list.

use super::dto::Line;
use crate::api::error::{ApiError, FieldError};
use drumroll_engine::money::{self, PACKAGES_PER_ORDER_MAX};

/// The lines for the engine.
///
/// # Errors
/// `validation_failed`, naming every field that is wrong.
pub fn checked(lines: &[Line]) -> Result<Vec<money::Line>, ApiError> {
    let errors = errors(lines);
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    Ok(lines.iter().map(|line| money::Line { package: line.package_id, quantity: line.quantity }).collect())
}

/// What is wrong with an order's lines, field by field.
pub fn errors(lines: &[Line]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut wrong = |field: String, message: &str| errors.push(FieldError { field, message: message.to_owned() });
    if lines.is_empty() {
        wrong("lines".to_owned(), "Name at least one package.");
    }
    // An order names each package once, so more lines than packages is more than an order holds.
    if lines.len() > PACKAGES_PER_ORDER_MAX as usize {
        wrong("lines".to_owned(), "At most 100 packages in one order.");
        return errors;
    }
    for (index, line) in lines.iter().enumerate() {
        if !(1..=PACKAGES_PER_ORDER_MAX).contains(&line.quantity) {
            wrong(format!("lines[{index}].quantity"), "Between 1 and 100.");
        }
        if lines[..index].iter().any(|earlier| earlier.package_id == line.package_id) {
            wrong(format!("lines[{index}].package_id"), "Name each package once.");
        }
    }
    let total: u64 = lines.iter().map(|line| u64::from(line.quantity)).sum();
    if errors.is_empty() && total > u64::from(PACKAGES_PER_ORDER_MAX) {
        errors.push(FieldError { field: "lines".to_owned(), message: "At most 100 packages in one order.".to_owned() });
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_edge_lets_through_the_engine_can_price() {
        let line = |package_id, quantity| Line { package_id, quantity };
        let fields = |lines: &[Line]| errors(lines).into_iter().map(|error| error.field).collect::<Vec<_>>();
        assert!(checked(&[line(1, 1), line(2, 99)]).is_ok());
        assert_eq!(fields(&[]), ["lines"]);
        assert_eq!(fields(&[line(1, 0)]), ["lines[0].quantity"]);
        assert_eq!(fields(&[line(1, 101), line(1, 1)]), ["lines[0].quantity", "lines[1].package_id"]);
        assert_eq!(fields(&[line(1, 60), line(2, 41)]), ["lines"]);
        assert_eq!(fields(&vec![line(1, 1); 5_000]), ["lines"]);
    }
}
