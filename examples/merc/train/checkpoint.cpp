#include "checkpoint.hpp"

#include "model/archive.hpp"

#include <nlohmann/json.hpp>

#include <ATen/core/Dict.h>

namespace merc {
namespace {

using Json = nlohmann::json;
using Dict = c10::impl::GenericDict;

Dict dict() { return Dict(c10::StringType::get(), c10::AnyType::get()); }

Dict pack(const StateDict& state) {
  auto packed = dict();
  for (const auto& entry : state) packed.insert(entry.key(), entry.value().detach().cpu().contiguous());
  return packed;
}

StateDict unpack(const Dict& packed) {
  StateDict state;
  for (const auto& entry : packed) state.insert(entry.key().toStringRef(), entry.value().toTensor());
  return state;
}

StateDict numbered(const std::vector<Tensor>& tensors) {
  StateDict state;
  for (const auto& tensor : tensors) state.insert(std::to_string(state.size()), tensor);
  return state;
}

Json transfer_json(const std::optional<Transfer>& transfer) {
  return transfer ? Json{{"loaded", transfer->loaded}, {"skipped", transfer->skipped}} : Json();
}

/// The first field in which two configurations differ, as "finetune.temperature: 0.1 there, 0.2 here"; empty where none does.
std::string difference(const Json& there, const Json& here, const std::string& path = "") {
  static const std::vector<std::string> free{"finetune.epochs", "device", "threads", "deterministic", "save_seconds"};
  if (here.is_object()) {
    for (const auto& [key, value] : here.items())
      if (const auto found = difference(there.at(key), value, path.empty() ? key : path + "." + key); !found.empty()) return found;
    return "";
  }
  if (there == here || std::ranges::find(free, path) != free.end()) return "";
  return "`" + path + "` was " + there.dump() + ", now it is " + here.dump();
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  auto whole = dict();
  const Json about{{"config", checkpoint.config},     {"data", checkpoint.data},
                   {"pretrain", checkpoint.pretrain}, {"stage", checkpoint.stage},
                   {"epoch", checkpoint.epoch},       {"best_epoch", checkpoint.best_epoch},
                   {"history", checkpoint.history},   {"transfer", transfer_json(checkpoint.transfer)}};
  whole.insert("about", about.dump());
  whole.insert("network", pack(checkpoint.network));
  whole.insert("adam", pack(checkpoint.adam));
  whole.insert("average", pack(checkpoint.average));
  whole.insert("best", pack(checkpoint.best));
  whole.insert("bank", pack(numbered(checkpoint.bank)));
  whole.insert("recent", pack(numbered(checkpoint.recent)));
  write_archive(path, whole);
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const auto value = read_archive(path);
  try {
    const auto whole = value.toGenericDict();
    const auto about = Json::parse(whole.at("about").toStringRef());
    Checkpoint checkpoint{.config = about.at("config"),
                          .data = about.at("data"),
                          .pretrain = about.at("pretrain"),
                          .stage = about.at("stage"),
                          .epoch = about.at("epoch"),
                          .network = unpack(whole.at("network").toGenericDict()),
                          .adam = unpack(whole.at("adam").toGenericDict()),
                          .average = unpack(whole.at("average").toGenericDict()),
                          .best = unpack(whole.at("best").toGenericDict()),
                          .bank = unpack(whole.at("bank").toGenericDict()).values(),
                          .best_epoch = about.at("best_epoch"),
                          .recent = unpack(whole.at("recent").toGenericDict()).values(),
                          .history = about.at("history"),
                          .transfer = std::nullopt};
    if (const auto& transfer = about.at("transfer"); !transfer.is_null())
      checkpoint.transfer = Transfer{transfer.at("loaded"), transfer.at("skipped")};
    return checkpoint;
  } catch (const std::exception&) {
    throw DataError(path.string() + ": is no state of idcl-merc train, or of another version; begin anew without it");
  }
}

void check_same(const Checkpoint& checkpoint, const Config& config, const std::string& data, const std::string& pretrain,
                const std::string& path) {
  if (const auto found = difference(Json(checkpoint.config), Json(config)); !found.empty())
    throw UsageError(path + ": is the state of another configuration: " + found +
                     "; resume with the old value, or begin anew in another folder");
  if (config.finetune.schedule == Schedule::Cosine && checkpoint.config.finetune.epochs != config.finetune.epochs)
    throw UsageError(path + ": is of a run of " + std::to_string(checkpoint.config.finetune.epochs) +
                     " epochs with `finetune.schedule` cosine, which goes by their number, and `finetune.epochs` asks for " +
                     std::to_string(config.finetune.epochs) + "; begin anew in another folder");
  if (checkpoint.stage == "finetune" && checkpoint.epoch > config.finetune.epochs)
    throw UsageError(path + ": " + std::to_string(checkpoint.epoch) + " epochs are done, `finetune.epochs` asks for " +
                     std::to_string(config.finetune.epochs) + "; ask for more, or begin anew in another folder");
  if (checkpoint.data != data)
    throw DataError(path + ": is the state of a run on other data (fingerprint " + checkpoint.data + ", --data has " + data + ")");
  if (checkpoint.pretrain != pretrain)
    throw DataError(path + ": is the state of a run with other pre-training data (fingerprint " + checkpoint.pretrain +
                    ", --pretrain-data has " + pretrain + ")");
}

}  // namespace merc
