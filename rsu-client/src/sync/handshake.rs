//! The device's side of mutual authentication.

use drumroll_protocol::{FromDevice, Hello, PROTOCOL, ToDevice, Welcome};

use super::session::Socket;
use super::{DeviceHandle, SyncConfig, SyncError};
use crate::device::random;
use crate::software;

/// Proves who the device is to the server whose key it pinned, and to no other.
pub(super) async fn authenticate(
    socket: &mut Socket,
    handle: &DeviceHandle,
    config: &SyncConfig,
) -> Result<Welcome, SyncError> {
    let challenge = match socket.receive(config.answer_timeout, "challenge").await? {
        ToDevice::Challenge(challenge) => challenge,
        ToDevice::Error(error) => return Err(SyncError::Server(error)),
        _ => return Err(SyncError::Unexpected("a message before the challenge")),
    };
    if challenge.protocol != PROTOCOL {
        return Err(SyncError::OtherVersion(challenge.protocol));
    }
    let question = challenge.clone();
    let (hello, pinned) = handle
        .look(move |device| {
            let identity = device.identity();
            let pinned = identity.enrolment.server_public_key;
            let device_id = identity.enrolment.device_id;
            let hello = Hello::sign(&question, device_id, random()?, software::this().clone(), &identity.key);
            Ok((hello, pinned))
        })
        .await?;
    if challenge.server_public_key != pinned {
        return Err(SyncError::WrongServer);
    }
    socket.send(&FromDevice::Hello(hello.clone()), config.answer_timeout).await?;
    match socket.receive(config.answer_timeout, "welcome").await? {
        ToDevice::Welcome(welcome) if welcome.is_signed(&challenge, &hello, &pinned.0) => Ok(welcome),
        ToDevice::Welcome(_) => Err(SyncError::WrongServer),
        ToDevice::Error(error) => Err(SyncError::Server(error)),
        _ => Err(SyncError::Unexpected("a message before the welcome")),
    }
}
