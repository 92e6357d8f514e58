//! The connection under a socket, so that it can really be ended.

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use std::any::Any;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

/// How long sent bytes may stay unacknowledged before the kernel gives a connection up.
pub const ACCEPTED_UNSENT_MAX: Duration = Duration::from_secs(15);

/// A handle on a socket's TCP connection.
#[derive(Clone, Debug)]
pub(crate) struct Wire(Arc<std::net::TcpStream>);

impl Wire {
    /// Ends the connection at once, whatever waits in its buffers. Closing the session alone is not
    /// enough: bytes that nobody reads keep the connection for ever.
    pub(crate) fn cut(&self) {
        // It may be gone already, which is what is wanted.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// To be given to `HttpServer::on_connect`: bounds how long a dead peer holds a connection, and keeps a
/// handle for the sockets. Connections under TLS are unwrapped first.
pub fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    let plain = connection.downcast_ref::<TcpStream>();
    let tls = || connection.downcast_ref::<TlsStream<TcpStream>>().map(|tls| tls.get_ref().0);
    let Some(stream) = plain.or_else(tls) else { return };
    // Without it the idle and slow timeouts still hold; the kernel only frees the memory later.
    let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(ACCEPTED_UNSENT_MAX));
    let _ = stream.set_nodelay(true);
    if let Ok(duplicate) = stream.as_fd().try_clone_to_owned() {
        data.insert(Wire(Arc::new(duplicate.into())));
    }
}
