//! Whose request it is, as far as addresses tell.

use actix_web::HttpRequest;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Name of the header in which a trusted proxy says whom it speaks for.
const FORWARDED_FOR: &str = "X-Forwarded-For";

/// The client's address. The header counts only when the peer is one of `trusted`, and then only its last
/// entry, the one that this proxy wrote itself.
pub fn client(request: &HttpRequest, trusted: &[IpAddr]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if !trusted.contains(&peer) {
        return peer;
    }
    let header = request.headers().get_all(FORWARDED_FOR).last().and_then(|value| value.to_str().ok());
    let last = header.and_then(|list| list.rsplit(',').next()).and_then(|last| last.trim().parse().ok());
    last.unwrap_or(peer)
}

/// Whether the request was made on this machine, by no proxy's leave: one that speaks for others says so in
/// a header, and one that says nothing is its operator's to fence off.
pub fn is_local(request: &HttpRequest) -> bool {
    let forwarded =
        [FORWARDED_FOR, "Forwarded", "X-Real-Ip"].into_iter().any(|name| request.headers().contains_key(name));
    !forwarded && request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

/// The key under which a client is counted: an IPv6 customer has at least a /64, so that is one client.
pub fn bucket(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn client_of(peer: &str, header: Option<&str>, trusted: &[&str]) -> String {
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1000").parse().unwrap());
        if let Some(header) = header {
            request = request.insert_header((FORWARDED_FOR, header));
        }
        let trusted: Vec<IpAddr> = trusted.iter().map(|address| address.parse().unwrap()).collect();
        client(&request.to_http_request(), &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_speaks_for_others() {
        assert_eq!(client_of("10.0.0.9", None, &[]), "10.0.0.9");
        assert_eq!(client_of("10.0.0.9", Some("1.2.3.4"), &[]), "10.0.0.9");
        assert_eq!(client_of("10.0.0.9", Some("6.6.6.6, 1.2.3.4"), &["10.0.0.9"]), "1.2.3.4");
        assert_eq!(client_of("10.0.0.9", Some("nonsense"), &["10.0.0.9"]), "10.0.0.9");
    }

    #[test]
    fn a_proxy_on_this_machine_is_not_local() {
        let request = |peer: &str| TestRequest::default().peer_addr(peer.parse().unwrap());
        assert!(is_local(&request("127.0.0.1:1").to_http_request()));
        assert!(is_local(&request("[::1]:1").to_http_request()));
        assert!(!is_local(&request("10.0.0.9:1").to_http_request()));
        let forwarded = request("127.0.0.1:1").insert_header((FORWARDED_FOR, "1.2.3.4"));
        assert!(!is_local(&forwarded.to_http_request()));
    }

    #[test]
    fn an_ipv6_customer_is_one_client() {
        let bucket = |text: &str| bucket(text.parse().unwrap()).to_string();
        assert_eq!(bucket("2001:db8:1:2:3:4:5:6"), bucket("2001:db8:1:2::1"));
        assert_eq!(bucket("::ffff:1.2.3.4"), "1.2.3.4");
    }
}
