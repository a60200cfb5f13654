//! The API `weather-basic`: real weather from a configured service, or invented weather for a demo.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::BoxFuture;

use super::{Builtin, Needs};
use crate::{
    Services, WeatherSettings,
    call::{Call, HubError, Outcome},
    catalog::{ActionSpec, ApiSpec, CacheScope, EVERY_ACCOUNT, HttpSpec, ProviderSpec},
};

/// The default place as longitude and latitude: Beijing.
const PLACE: (f64, f64) = (116.40, 39.93);
/// Weather codes and texts, as Seniverse has them.
const WEATHER: [(&str, &str); 6] =
    [("0", "晴"), ("4", "多云"), ("9", "阴"), ("10", "阵雨"), ("13", "小雨"), ("30", "雾")];
const HOUR_MS: i64 = 3_600_000;

pub(super) struct Sample;

impl Builtin for Sample {
    fn find(&self, action: &str) -> Option<Needs> {
        (action == "now").then(Needs::default)
    }

    fn call<'c>(&'c self, _: &'c Services, call: &'c Call<'c>) -> BoxFuture<'c, Result<Outcome, HubError>> {
        let answer =
            place(call).and_then(|(lng, lat)| Outcome::of(&invented(lng, lat, call.now.as_millis())));
        Box::pin(std::future::ready(answer))
    }
}

fn place(call: &Call<'_>) -> Result<(f64, f64), HubError> {
    let lng = call.number("lng")?.unwrap_or(PLACE.0);
    let lat = call.number("lat")?.unwrap_or(PLACE.1);
    for (name, value, most) in [("lng", lng, 180.0), ("lat", lat, 90.0)] {
        if value.abs() > most {
            return Err(HubError::argument(name, &format!("from -{most} to {most}")));
        }
    }
    Ok((lng, lat))
}

/// Invents weather that depends on place and hour alone. The result is marked as a sample.
#[expect(clippy::cast_possible_truncation, reason = "whole degrees of a place on earth")]
fn invented(lng: f64, lat: f64, now: i64) -> Value {
    let hour = now.div_euclid(HOUR_MS);
    let mixed = hour.wrapping_mul(31) + (lng * 100.0) as i64 * 7 + (lat * 100.0) as i64 * 13;
    let which = usize::try_from(mixed.rem_euclid(6)).unwrap_or_default();
    let (code, text) = WEATHER.get(which).copied().unwrap_or(("99", "未知"));
    let warmth = 30.0 - lat.abs() * 0.4 + mixed.rem_euclid(7) as f64;
    json!({
        "location": {"name": "示例", "path": "示例数据,非真实天气"},
        "now": {"text": text, "code": code, "temperature": (warmth.round() as i64).to_string()},
        "lastUpdated": hour * HOUR_MS,
        "sample": true,
    })
}

fn api(provider: ProviderSpec, now: ActionSpec, description: &str) -> ApiSpec {
    ApiSpec {
        code: "weather-basic".into(),
        name: "天气".into(),
        description: description.into(),
        enabled: true,
        anonymous: true,
        accounts: vec![EVERY_ACCOUNT.to_owned()],
        keys: Vec::new(),
        roles: Vec::new(),
        groups: Vec::new(),
        provider,
        actions: BTreeMap::from([("now".into(), now)]),
    }
}

fn now() -> ActionSpec {
    let number = |about: &str| json!({"type": "number", "description": about});
    ActionSpec {
        summary: "The weather now at a place".into(),
        parameters: Some(json!({
            "type": "object",
            "properties": {
                "lng": number("Longitude, such as 116.40"), "lat": number("Latitude, such as 39.93"),
            },
        })),
        ..ActionSpec::default()
    }
}

/// Returns the definition with invented weather, for a demo.
pub fn sample_spec() -> ApiSpec {
    api(ProviderSpec::WeatherSample, now(), "示例数据,非真实天气。Invented weather, for trying.")
}

/// Returns the definition over a Seniverse-compatible service, if one is configured.
pub(super) fn spec(settings: &WeatherSettings) -> Option<ApiSpec> {
    if settings.base_url.is_empty() {
        return None;
    }
    let http = json!({
        "base_url": settings.base_url,
        "secret_query": {"key": settings.api_key.expose()},
        "timeout_ms": 5000,
    });
    let http: HttpSpec = serde_json::from_value(http).ok()?;
    let query = [
        ("location", format!("{{lat|{}}}:{{lng|{}}}", PLACE.1, PLACE.0)),
        ("language", "zh-Hans".to_owned()),
        ("unit", "c".to_owned()),
    ];
    let action = ActionSpec {
        method: "GET".into(),
        path: "/v3/weather/now.json".into(),
        query: Some(query.map(|(name, value)| (name.to_owned(), value)).into()),
        result: Some(json!({
            "location": {"name": "$/results/0/location/name", "path": "$/results/0/location/path"},
            "now": {
                "text": "$/results/0/now/text",
                "code": "$text /results/0/now/code",
                "temperature": "$text /results/0/now/temperature",
            },
            "lastUpdated": "$ms /results/0/last_update",
        })),
        cache_seconds: settings.cache_seconds,
        // The weather of a place is the same for everybody.
        cache: CacheScope::Shared,
        ..now()
    };
    Some(api(ProviderSpec::Http(Box::new(http)), action, "实况天气。The weather now."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_weather_says_so_and_has_the_original_shape() {
        for (lng, lat) in [PLACE, (-180.0, -90.0), (180.0, 90.0)] {
            let weather = invented(lng, lat, 1_767_225_600_123);
            assert_eq!(weather["sample"], true);
            assert!(weather["location"]["path"].as_str().unwrap().contains("非真实"));
            assert!(weather["now"]["temperature"].as_str().unwrap().parse::<i64>().is_ok());
            assert!(
                WEATHER
                    .iter()
                    .any(|(code, text)| weather["now"]["code"] == *code && weather["now"]["text"] == *text)
            );
            assert_eq!(weather["lastUpdated"], 1_767_225_600_000_i64);
        }
    }
}
