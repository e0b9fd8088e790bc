#include "data/assembler.hpp"
#include "data/layout.hpp"
#include "data/session.hpp"

#include <idcl/pickle/numpy.hpp>
#include <idcl/pickle/text.hpp>

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>

namespace merc::layout {

namespace pickle = idcl::pickle;
namespace numpy = idcl::pickle::numpy;
using pickle::Kind;
using pickle::Value;

namespace {

/// What a member of a tuple is for.
enum class Role { Ids, Speakers, Labels, OtherLabels, Sentences, Text, Text2, Text3, Text4, Audio, Visual, Train, Dev, Test, Opaque };

struct TupleLayout {
  const char* format;
  int classes;  ///< 0: told by the labels
  std::vector<Role> members;
  const char* of_iemocap = nullptr;  ///< the format where dialogs of IEMOCAP stand in MELD's order: their labels tell the classes
};

/// The orders in use. Members are told apart by what they hold, so two layouts of one length never both fit.
const std::vector<TupleLayout>& tuple_layouts() {
  using enum Role;
  static const std::vector<TupleLayout> layouts{
      {"iemocap_tuple9", 0, {Ids, Speakers, Labels, Text, Audio, Visual, Sentences, Train, Test}},
      {"meld_tuple9",
       7,
       {Ids, Speakers, Labels, Text, Audio, Sentences, Train, Test, OtherLabels},
       "iemocap_tuple9_sentiments"},
      {"meld_tuple10",
       7,
       {Ids, Speakers, Labels, Text, Audio, Visual, Sentences, Train, Test, Opaque},
       "iemocap_tuple10"},
      {"sdt_tuple12", 0, {Ids, Speakers, Labels, Text, Text2, Text3, Text4, Audio, Visual, Sentences, Train, Test}},
      {"meld_tuple13",
       7,
       {Ids, Speakers, Labels, Text, Text2, Text3, Text4, Audio, Visual, Sentences, Train, Test, Opaque},
       "iemocap_tuple13"},
      {"graphsmile_tuple14",
       7,
       {Ids, Speakers, Labels, OtherLabels, Text, Text2, Text3, Text4, Audio, Visual, Sentences, Train, Test, Opaque},
       "iemocap_tuple14"},
      {"cosmic_tuple7", 7, {Speakers, Labels, OtherLabels, Sentences, Train, Test, Dev}, "cosmic_tuple7"},
      {"cosmic_list6", 0, {Speakers, Labels, Sentences, Train, Test, Dev}},
      {"cosmic_list10", 0, {Speakers, Labels, Text, Text2, Text3, Text4, Sentences, Train, Test, Dev}},
  };
  return layouts;
}

const char* modality(Role role) {
  switch (role) {
    case Role::Text:
      return "text";
    case Role::Text2:
      return "text2";
    case Role::Text3:
      return "text3";
    case Role::Text4:
      return "text4";
    case Role::Audio:
      return "audio";
    case Role::Visual:
      return "visual";
    default:
      return nullptr;
  }
}

/// The first utterance's entry of a dict id -> utterances; None where there is no such thing.
Value first_utterance(const Value& member) {
  if (!member.is(Kind::Dict)) return {};
  const auto items = member.items();
  for (std::size_t i = 1; i < items.size(); i += 2) {
    if (items[i].is_sequence() && items[i].count() > 0) return items[i].items()[0];
  }
  return {};
}

/// Is this a dict id -> array of the dimensions given?
bool holds_arrays(const Value& member, std::size_t dimensions) {
  if (!member.is(Kind::Dict) || member.count() == 0) return false;
  const auto& first = member.items()[1];
  return numpy::is_array(first) && !numpy::strings(first) && numpy::array(first)->shape.size() == dimensions;
}

/// Is this a dict id -> array of text?
bool holds_texts(const Value& member) { return member.is(Kind::Dict) && member.count() > 0 && numpy::strings(member.items()[1]); }

bool is_number(const Value& value) {
  return value.is(Kind::Float) || numpy::integer(value) ||
         (numpy::is_array(value) && !numpy::string(value) && numpy::array(value)->elements() == 1);
}

bool is_row(const Value& value) {
  if (value.is_sequence()) return value.count() > 0 && is_number(value.items()[0]);
  return numpy::is_array(value) && !numpy::string(value) && !numpy::array(value)->shape.empty();
}

/// Could this member play that role? Looks at its first entry alone.
bool plays(const Value& member, Role role) {
  switch (role) {
    case Role::Opaque:
      return true;
    case Role::Train:
    case Role::Dev:
    case Role::Test: {
      if (!member.is_collection()) return numpy::strings(member) || (numpy::is_array(member) && ids_of(member));
      if (member.count() == 0) return true;
      const auto& first = member.items()[0];
      return string_of(first) || numpy::integer(first);
    }
    case Role::Ids:
      return member.is(Kind::Dict);
    case Role::Speakers: {
      const auto first = first_utterance(member);
      return string_of(first) || numpy::integer(first) || is_row(first) || holds_texts(member) || holds_arrays(member, 1) ||
             holds_arrays(member, 2);
    }
    case Role::Labels:
    case Role::OtherLabels:
      return numpy::integer(first_utterance(member)).has_value() || holds_arrays(member, 1);
    case Role::Sentences:
      return string_of(first_utterance(member)) || holds_texts(member);
    default:
      return is_row(first_utterance(member)) || holds_arrays(member, 2);
  }
}

const TupleLayout* find_layout(std::span<const Value> members) {
  for (const auto& layout : tuple_layouts()) {
    if (std::equal(members.begin(), members.end(), layout.members.begin(), layout.members.end(), plays)) return &layout;
  }
  return nullptr;
}

/// A member that maps dialog ids to something, by the id as text.
using ById = std::unordered_map<std::string, Value>;

ById by_id(const Value& member) {
  ById result;
  const auto items = member.items();
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) result.insert_or_assign(id_of(items[i]).text, items[i + 1]);
  return result;
}

struct NamedSplit {
  const char* name;
  std::vector<DialogId> ids;
};

/// Are these dialogs of IEMOCAP, by the shape of most ids? The order of the members does not say: both corpora were written in several.
bool of_iemocap(const std::vector<NamedSplit>& splits) {
  std::ptrdiff_t with = 0, all = 0;
  for (const auto& split : splits) {
    with += std::count_if(split.ids.begin(), split.ids.end(), [](const auto& id) { return session(id.text) != 0; });
    all += static_cast<std::ptrdiff_t>(split.ids.size());
  }
  return 2 * with > all;
}

/// The ids of a split: a list or array in its order, a set sorted, numbers by value and before names.
std::vector<DialogId> ids_in_order(const Value& member) {
  auto ids = ids_of(member).value();
  if (!member.is(Kind::Set)) return ids;
  std::sort(ids.begin(), ids.end(), [](const DialogId& a, const DialogId& b) {
    if (a.numbered && b.numbered) return std::stoll(a.text) < std::stoll(b.text);
    if (a.numbered != b.numbered) return a.numbered;
    return a.text < b.text;
  });
  return ids;
}

}  // namespace

std::optional<Corpus> tuple(const pickle::Document& document) {
  const auto& root = document.root;
  if (!root.is_sequence()) return std::nullopt;
  const auto* layout = find_layout(root.items());
  if (layout == nullptr) return std::nullopt;

  std::vector<std::pair<Role, ById>> members;
  const auto member = [&](Role role) {
    return root
        .items()[static_cast<std::size_t>(std::find(layout->members.begin(), layout->members.end(), role) - layout->members.begin())];
  };
  for (const auto role : layout->members) {
    const bool wanted = modality(role) != nullptr || role == Role::Speakers || role == Role::Labels || role == Role::Sentences;
    if (wanted) members.emplace_back(role, by_id(member(role)));
  }

  std::vector<NamedSplit> splits;
  std::vector<std::string> notes;
  constexpr std::pair<Role, const char*> roles[] = {{Role::Train, "train"}, {Role::Dev, "dev"}, {Role::Test, "test"}};
  for (const auto& [role, name] : roles) {
    if (std::find(layout->members.begin(), layout->members.end(), role) == layout->members.end()) continue;
    if (member(role).is(Kind::Set))
      notes.push_back(std::string(name) + " is a set of ids, which has no order of its own: taken in sorted order");
    splits.push_back({name, ids_in_order(member(role))});
  }

  const bool renamed = layout->of_iemocap != nullptr && of_iemocap(splits);
  Assembler assembler(renamed ? layout->of_iemocap : layout->format, renamed ? 0 : layout->classes);
  assembler.read_from(document);
  for (auto& line : notes) assembler.note(std::move(line));
  for (std::size_t i = 0; i < layout->members.size(); ++i)
    if (layout->members[i] == Role::Opaque)
      assembler.note("not read: member " + std::to_string(i + 1) + ", of which it is not known what it is: " + describe(root.items()[i]));
  for (const auto& [split, ids] : splits) {
    assembler.open(split);
    for (const auto& id : ids) {
      DialogParts parts;
      parts.id = id;
      const auto& key = id.text;
      for (const auto& [part, values] : members) {
        const auto found = values.find(key);
        if (found == values.end()) throw DataError(std::string(split) + " dialog " + key + ": the file names it but holds nothing for it");
        if (part == Role::Speakers) parts.speakers = found->second;
        if (part == Role::Labels) parts.labels = found->second;
        if (part == Role::Sentences) parts.sentences = found->second;
        if (modality(part) != nullptr) parts.features.emplace_back(modality(part), found->second);
      }
      assembler.add(split, parts);
    }
  }
  return assembler.finish();
}

}  // namespace merc::layout
