//! The form of an interest.

use memory::shade::ShadeBody;

use crate::form::Fields;

/// The form of an interest: the side for the person, and the public side, which apps see.
#[derive(Clone, Default)]
pub(crate) struct Typed {
    pub(super) own: Side,
    pub(super) public: Side,
}

#[derive(Clone, Default)]
pub(crate) struct Side {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) content: String,
}

impl From<Fields> for Typed {
    fn from(fields: Fields) -> Self {
        let plain = |name: &str| fields.text(name).replace("\r\n", "\n");
        Self {
            own: Side {
                name: plain("name").trim().to_owned(),
                description: plain("description"),
                content: plain("content"),
            },
            public: Side {
                name: plain("public_name").trim().to_owned(),
                description: plain("public_description"),
                content: plain("public_content"),
            },
        }
    }
}

impl From<&ShadeBody> for Typed {
    fn from(body: &ShadeBody) -> Self {
        Self {
            own: Side {
                name: body.shade_name.clone(),
                description: body.shade_description.clone(),
                content: body.shade_content.clone(),
            },
            public: Side {
                name: body.shade_name_public.clone(),
                description: body.shade_description_public.clone(),
                content: body.shade_content_public.clone(),
            },
        }
    }
}

impl Typed {
    /// Applies the form to an interest. Fields that the form does not have stay as they are.
    pub(super) fn over(self, body: ShadeBody) -> ShadeBody {
        ShadeBody {
            shade_name: self.own.name,
            shade_description: self.own.description,
            shade_content: self.own.content,
            shade_name_public: self.public.name,
            shade_description_public: self.public.description,
            shade_content_public: self.public.content,
            ..body
        }
    }
}
