//! Validation of skills. No I/O.

use web::{ApiError, Code, Issues};

use super::model::{NewSkill, SCENE, SOURCE, SkillRequest, VERSION};

const MAX_TITLE: usize = 100;
const MAX_DESCRIPTION: usize = 500;
const MAX_NAME: usize = 50;
const MAX_CONTENT: usize = 20_000;

/// Checks a new skill.
///
/// # Errors
/// [`Code::AvatarSkillUnsupported`] for another source; [`Code::AvatarSkillEmpty`] without content;
/// [`Code::AvatarSkillInvalid`] without a name or a description; 422 if a member is too long.
pub fn check(request: SkillRequest) -> Result<NewSkill, ApiError> {
    if request.source_type.as_deref() != Some(SOURCE) {
        return Err(ApiError::new(Code::AvatarSkillUnsupported).with(SOURCE));
    }
    let markdown = request.content_markdown.unwrap_or_default();
    let mut issues = Issues::body();
    issues.text("contentMarkdown", &markdown, MAX_CONTENT);
    issues.finish()?;
    let (front, content) = split(&markdown);
    if content.trim().is_empty() {
        return Err(Code::AvatarSkillEmpty.into());
    }
    let or_front = |given: Option<String>, name: &str| {
        let given = given.filter(|text| !text.trim().is_empty());
        given.or_else(|| member(front, name)).unwrap_or_default()
    };
    let (title, description) =
        (or_front(request.title, "name"), or_front(request.description, "description"));
    for (name, value) in [("name", &title), ("description", &description)] {
        if value.is_empty() {
            return Err(ApiError::new(Code::AvatarSkillInvalid).with(format!("{name} (front matter)")));
        }
    }
    check_parts(NewSkill {
        title,
        description,
        when_to_use: request.when_to_use.unwrap_or_default(),
        version: request.version.unwrap_or_else(|| VERSION.to_owned()),
        scene_mode: request.scene_mode.filter(|scene| !scene.is_empty()).unwrap_or_else(|| SCENE.to_owned()),
        content: content.trim().to_owned(),
    })
}

/// Checks the parts of a skill.
///
/// # Errors
/// 422 if a part is too long, or has line breaks where it must not.
pub fn check_parts(new: NewSkill) -> Result<NewSkill, ApiError> {
    let mut issues = Issues::body();
    let title = issues.name("title", Some(&new.title), MAX_TITLE);
    issues.text("description", &new.description, MAX_DESCRIPTION);
    issues.text("whenToUse", &new.when_to_use, MAX_DESCRIPTION);
    issues.line("version", &new.version, MAX_NAME);
    issues.line("sceneMode", &new.scene_mode, MAX_NAME);
    issues.text("contentMarkdown", &new.content, MAX_CONTENT);
    issues.finish()?;
    Ok(NewSkill { title, ..new })
}

/// Splits a text into its front matter, between two lines of `---`, and the rest.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let Some(rest) = text.strip_prefix("---") else { return ("", text) };
    match rest.split_once("\n---") {
        Some((front, content)) => (front, content.trim_start_matches('-')),
        None => ("", text),
    }
}

/// Returns a member of the front matter that is on one line, without quotation marks.
fn member(front: &str, name: &str) -> Option<String> {
    let value =
        front.lines().find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix(':'))?;
    let value = value.trim().trim_matches(['"', '\'']).trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(markdown: &str) -> SkillRequest {
        SkillRequest {
            source_type: Some(SOURCE.to_owned()),
            content_markdown: Some(markdown.to_owned()),
            ..SkillRequest::default()
        }
    }

    #[test]
    fn names_come_from_the_front_matter() {
        let skill =
            check(request("---\nname: \"导览\"\ndescription: 带人参观\n---\n\n# 规则\n简短。\n")).unwrap();
        assert_eq!((skill.title.as_str(), skill.description.as_str()), ("导览", "带人参观"));
        assert_eq!((skill.content.as_str(), skill.version.as_str()), ("# 规则\n简短。", "1.0.0"));
        assert_eq!(skill.scene_mode, SCENE);
    }

    #[test]
    fn incomplete_skills_are_refused() {
        let other = SkillRequest { source_type: Some("zip".into()), ..request("x") };
        for (request, code) in [
            (other, Code::AvatarSkillUnsupported),
            (SkillRequest::default(), Code::AvatarSkillUnsupported),
            (request(""), Code::AvatarSkillEmpty),
            (request("---\nname: a\ndescription: b\n---\n"), Code::AvatarSkillEmpty),
            (request("only text"), Code::AvatarSkillInvalid),
            (request("---\nname: a\n---\ntext"), Code::AvatarSkillInvalid),
            (request(&"x".repeat(20_001)), Code::Unprocessable),
        ] {
            let name = format!("{request:?}");
            assert_eq!(check(request).unwrap_err().code(), code, "{}", &name[..name.len().min(200)]);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_split_without_panic(text in ".{0,300}") {
            let (front, content) = split(&text);
            proptest::prop_assert!(front.len() + content.len() <= text.len());
            let _checked = check(request(&text));
        }
    }
}
