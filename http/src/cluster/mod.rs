//! Several servers over one PostgreSQL: the way between them.
//!
//! | file | idea |
//! |---|---|
//! | this one | the keys that servers of one installation share |
//! | `caller` | asks another server |
//! | `listener` | is asked by another server |
//!
//! Servers talk over an address of their own, which belongs into a private network: what travels there is
//! not encrypted. Each call carries a token made from a secret that stands in the shared store, sealed under
//! the master key that all servers have.

pub mod caller;
pub mod listener;

use drumroll_actors::keys::{KeyError, KeyStore};
use drumroll_engine::hash::Hasher;
use drumroll_engine::hex;
use zeroize::Zeroizing;

/// Where a call goes.
const PATH: &str = "/v1/execute";

/// What servers of one installation know and nobody else does.
pub struct Secrets {
    /// Proves a call to be one of ours.
    token: Zeroizing<String>,
    /// Seals what goes over the bus.
    pub bus: Zeroizing<[u8; 32]>,
}

impl Secrets {
    /// From the shared store, made at the first start.
    ///
    /// # Errors
    /// The store or the master key.
    pub async fn open(keys: &KeyStore) -> Result<Self, KeyError> {
        let secret = keys.get_or_create::<32>("cluster/secret").await?;
        let token = Hasher::new("drumroll/cluster-token/1").bytes(&*secret).finish();
        let bus = Hasher::new("drumroll/cluster-bus/1").bytes(&*secret).finish();
        Ok(Self { token: Zeroizing::new(hex::encode(&token)), bus: Zeroizing::new(bus) })
    }
}
