#include "runs/hparams.h"

#include <string>

#include "runs/event_fields.h"
#include "runs/wire.h"

namespace ablate {
namespace {

namespace hp = pb::hparams;

/// google.protobuf.Value; null for what is none of the three.
nlohmann::json hparam_of(std::string_view message) {
  nlohmann::json value;
  for (WireReader fields(message); fields.next();) {
    if (fields.field() == hp::kNumberValue && fields.is(WireType::fixed64)) value = fields.fixed64();
    if (fields.field() == hp::kBoolValue && fields.is(WireType::varint)) value = fields.varint() != 0;
    if (fields.field() == hp::kStringValue && fields.is(WireType::bytes) && is_utf8(fields.bytes()))
      value = std::string(fields.bytes());
  }
  return value;
}

void add_entry(std::string_view message, nlohmann::json& hparams) {
  std::string_view key, value;
  for (WireReader fields(message); fields.next();) {
    if (!fields.is(WireType::bytes)) continue;
    if (fields.field() == hp::kEntryKey) key = fields.bytes();
    if (fields.field() == hp::kEntryValue) value = fields.bytes();
  }
  if (!is_utf8(key)) return;
  if (nlohmann::json read = hparam_of(value); !read.is_null()) hparams[std::string(key)] = std::move(read);
}

}  // namespace

std::optional<nlohmann::json> decode_hparams(std::string_view plugin_content) {
  std::optional<nlohmann::json> hparams;
  for (WireReader data(plugin_content); data.next();) {
    if (data.field() != hp::kSessionStartInfo || !data.is(WireType::bytes)) continue;
    hparams = nlohmann::json::object();
    for (WireReader start(data.bytes()); start.next();)
      if (start.field() == hp::kStartHparams && start.is(WireType::bytes)) add_entry(start.bytes(), *hparams);
  }
  return hparams;
}

}  // namespace ablate
