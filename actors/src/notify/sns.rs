//! An SNS topic as a target. Attributes let a subscription choose; a FIFO topic keeps each subject's order and
//! drops what was told twice within five minutes, a standard one may do neither.

use super::notice::Notice;
use super::target::{Target, TellError, Telling};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{DisplayErrorContext, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use std::collections::HashMap;
use std::time::Duration;

/// Its name.
pub const NAME: &str = "sns";

/// The longest that connecting may take.
const CONNECT: Duration = Duration::from_secs(3);

/// A topic by its name (`arn:aws:sns:REGION:ACCOUNT:NAME`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicArn {
    text: String,
    region: String,
}

impl TopicArn {
    /// Reads it; the text says what is wrong.
    ///
    /// # Errors
    /// It is not the name of a topic.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let parts: Vec<&str> = text.split(':').collect();
        let [arn, partition, service, region, account, name] = parts[..] else {
            return Err("it is not of the form arn:aws:sns:REGION:ACCOUNT:NAME");
        };
        if arn != "arn" || !partition.starts_with("aws") || service != "sns" {
            return Err("it is not of the form arn:aws:sns:REGION:ACCOUNT:NAME");
        }
        let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if region.is_empty() || !word(region) {
            return Err("its region is missing");
        }
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("its account is not 12 digits");
        }
        let stem = name.strip_suffix(".fifo").unwrap_or(name);
        if stem.is_empty() || name.len() > 256 || !word(stem) {
            return Err("its topic is missing or has other characters than letters, digits, - and _");
        }
        Ok(Self { text: text.to_owned(), region: region.to_owned() })
    }

    /// Whether the topic keeps an order.
    pub fn fifo(&self) -> bool {
        self.text.ends_with(".fifo")
    }
}

/// Publishes each message to one topic.
#[derive(Clone, Debug)]
pub struct SnsTarget {
    client: Client,
    topic: TopicArn,
}

impl SnsTarget {
    /// A target that answers or fails within `deadline`. Credentials come from where the SDK finds them:
    /// environment, profile, web identity, container, machine. `endpoint` is for others than Amazon's own.
    /// Nothing is called yet.
    pub async fn new(topic: TopicArn, endpoint: Option<&str>, deadline: Duration) -> Self {
        // Once, for the outbox tries again, with its own pauses; a retry in here would only hide from it
        // that the target is in trouble.
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(topic.region.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT.min(deadline))
                    .operation_attempt_timeout(deadline)
                    .operation_timeout(deadline)
                    .build(),
            );
        if let Some(endpoint) = endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        Self { client: Client::new(&loader.load().await), topic }
    }
}

impl Target for SnsTarget {
    fn name(&self) -> &str {
        NAME
    }

    fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a> {
        Box::pin(async move {
            let mut publish = self
                .client
                .publish()
                .topic_arn(&self.topic.text)
                .subject(title(notice))
                .message(notice.json())
                .set_message_attributes(Some(attributes(notice)?));
            if self.topic.fifo() {
                publish = publish.message_group_id(&notice.subject).message_deduplication_id(&notice.id);
            }
            publish.send().await.map(drop).map_err(|error| judge(&error))
        })
    }
}

/// What a mail's subject line shows.
fn title(notice: &Notice) -> String {
    let mark = if notice.test { "TEST: " } else { "" };
    let event = notice.event_number.map(|number| format!(", event {number}")).unwrap_or_default();
    format!("{mark}Drumroll: {}{event}", notice.kind.as_str())
}

/// What a subscription can filter by.
fn attributes(notice: &Notice) -> Result<HashMap<String, MessageAttributeValue>, TellError> {
    let audience = match notice.audience {
        super::notice::Audience::Public => "public",
        super::notice::Audience::Staff => "staff",
    };
    let values = [
        ("kind", Some(notice.kind.as_str())),
        ("audience", Some(audience)),
        ("test", Some(if notice.test { "true" } else { "false" })),
        ("organisation_id", Some(notice.organisation_id.as_str())),
        ("raffle_id", notice.raffle_id.as_deref()),
    ];
    let text = |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build();
    let given = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    given.map(|(name, value)| Ok((name, text(value).map_err(|error| TellError::Refused(error.to_string()))?))).collect()
}

/// Whether an error is about this message. What is about the topic, the account or the way there would befall
/// every other message too, and none of them may be set aside for it.
fn judge(error: &SdkError<PublishError>) -> TellError {
    if let SdkError::ServiceError(answer) = error {
        let refusal = answer.err();
        let said = refusal.meta();
        let problem = format!("{}: {}", said.code().unwrap_or("no code"), said.message().unwrap_or("no reason"));
        let of_the_message = refusal.is_invalid_parameter_exception()
            || refusal.is_invalid_parameter_value_exception()
            || refusal.is_validation_exception();
        // A topic of another region or account is "invalid" too.
        if of_the_message && !problem.contains("TopicArn") {
            return TellError::Refused(problem);
        }
        return TellError::Away(problem);
    }
    TellError::Away(DisplayErrorContext(error).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_known_by_its_name() {
        let topic = TopicArn::parse("arn:aws:sns:ca-central-1:123456789012:raffles").unwrap();
        assert_eq!((topic.region.as_str(), topic.fifo()), ("ca-central-1", false));
        assert!(TopicArn::parse("arn:aws-us-gov:sns:us-gov-west-1:123456789012:a_b-c.fifo").unwrap().fifo());
        for wrong in [
            "",
            "raffles",
            "arn:aws:sqs:ca-central-1:123456789012:raffles",
            "arn:aws:sns::123456789012:raffles",
            "arn:aws:sns:ca-central-1:12345:raffles",
            "arn:aws:sns:ca-central-1:123456789012:",
            "arn:aws:sns:ca-central-1:123456789012:.fifo",
            "arn:aws:sns:ca-central-1:123456789012:two words",
            "arn:aws:sns:ca-central-1:123456789012:raffles:subscription",
        ] {
            assert!(TopicArn::parse(wrong).is_err(), "{wrong}");
        }
    }
}
