//! Addresses that answer everybody, and the staff more fully.

use crate::api::error::ApiError;
use crate::auth::Staff;
use crate::auth::permission::Permission;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

/// A member of the staff, if the caller says that he is one. Whoever shows a token is judged by it, so an
/// expired one is answered 401 and renewed, not quietly taken for a stranger's.
#[derive(Clone, Debug)]
pub struct MaybeStaff<P: Permission>(pub Option<Staff<P>>);

impl<P: Permission> FromRequest for MaybeStaff<P> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !request.headers().contains_key(AUTHORIZATION) {
            return Box::pin(async { Ok(Self(None)) });
        }
        let staff = Staff::<P>::from_request(request, payload);
        Box::pin(async move { staff.await.map(|staff| Self(Some(staff))) })
    }
}
