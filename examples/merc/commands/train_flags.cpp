#include "commands/train_flags.hpp"

#include "commands/bounds.hpp"
#include "commands/config_file.hpp"

#include <cstdlib>
#include <sstream>

namespace merc::commands {
namespace {

using Json = nlohmann::json;

/// A flag for one field of Config.
struct Knob {
  const char* flag;
  const char* pointer;  ///< where the field stands in Config as JSON
  const char* help;
  std::vector<std::string> choices = {};
};

template <class Names>
std::vector<std::string> keys(const Names& names) {
  std::vector<std::string> all;
  for (const auto& [name, value] : names) all.push_back(name);
  return all;
}

/// Losses that stage 1 can take: of dialogs, it has no labels.
std::vector<std::string> losses_without_labels() {
  std::vector<std::string> all;
  for (const auto& [name, loss] : contrastive_names)
    if (loss == Contrastive::Idcl || by_pair(loss)) all.push_back(name);
  return all;
}

const std::vector<Knob>& knobs() {
  static const std::vector<Knob> all{
      {"seed", "/seed", "seed of everything random"},
      {"epochs", "/finetune/epochs", "epochs of fine-tuning (stage 2)"},
      {"batch-size", "/finetune/batch_size", "dialogs a step, 0: all in one batch"},
      {"group-by-length", "/finetune/group_by_length", "batches of dialogs of similar length"},
      {"learning-rate", "/finetune/learning_rate", "of Adam"},
      {"weight-decay", "/finetune/weight_decay", "L2, in the gradient"},
      {"clip", "/finetune/clip", "bound on the gradient norm, 0: none"},
      {"idcl-weight", "/finetune/idcl_weight", "of the contrastive term; cross-entropy has weight 1"},
      {"num-neighbors", "/finetune/num_neighbors", "K, positives a dialog"},
      {"temperature", "/finetune/temperature", "of the contrastive term"},
      {"memory-bank", "/finetune/memory_bank", "dialogs of earlier batches kept as references, 0: none"},
      {"memory-bank-unique", "/finetune/memory_bank_unique", "no dialog twice among batch and bank; its newest row counts"},
      {"positives", "/finetune/positives",
       "feature: neighbours in the other modality; random; trajectory[:MEASURE]: by the course of the labels"},
      {"weights", "/finetune/weights", "of positives by trajectory; soft: exp(-distance / sigma), normalised", keys(weights_names)},
      {"sigma", "/finetune/sigma", "of soft weights, in the measure's unit"},
      {"exclude-near", "/finetune/exclude_near", "dialogs nearer than this by trajectory are no negatives, 0: all are"},
      {"contrastive", "/finetune/contrastive",
       "which loss: idcl, none, one by labels (sup_con, triplet_margin, ...) or between modalities (info_nce, clip, ...)",
       keys(contrastive_names)},
      {"contrast-on", "/finetune/contrast_on", "what is contrasted", keys(contrast_on_names)},
      {"schedule", "/finetune/schedule", "of the learning rate", keys(schedule_names)},
      {"warmup-epochs", "/finetune/warmup_epochs", "over which the learning rate rises from zero"},
      {"schedule-patience", "/finetune/schedule_patience", "epochs without a lower dev loss before plateau lowers the learning rate"},
      {"schedule-factor", "/finetune/schedule_factor", "by which plateau lowers it, in (0, 1)"},
      {"accumulate", "/finetune/accumulate", "batches whose mean gradient makes one step"},
      {"ema", "/finetune/ema", "decay a step of the average of the weights that is evaluated and kept, in [0, 1); 0: none"},
      {"pretrain-epochs", "/pretrain/epochs", "epochs of contrastive pre-training (stage 1)"},
      {"pretrain-batch-size", "/pretrain/batch_size", "as --batch-size, in stage 1"},
      {"pretrain-group-by-length", "/pretrain/group_by_length", "as --group-by-length, in stage 1"},
      {"pretrain-learning-rate", "/pretrain/learning_rate", "as --learning-rate, in stage 1"},
      {"pretrain-weight-decay", "/pretrain/weight_decay", "as --weight-decay, in stage 1"},
      {"pretrain-clip", "/pretrain/clip", "as --clip, in stage 1"},
      {"pretrain-idcl-weight", "/pretrain/idcl_weight", "of the contrastive term, the only one of stage 1"},
      {"pretrain-num-neighbors", "/pretrain/num_neighbors", "as --num-neighbors, in stage 1"},
      {"pretrain-temperature", "/pretrain/temperature", "as --temperature, in stage 1"},
      {"pretrain-memory-bank", "/pretrain/memory_bank", "as --memory-bank, in stage 1"},
      {"pretrain-memory-bank-unique", "/pretrain/memory_bank_unique", "as --memory-bank-unique, in stage 1"},
      {"pretrain-positives", "/pretrain/positives", "as --positives, in stage 1; trajectories are of its training labels"},
      {"pretrain-weights", "/pretrain/weights", "as --weights, in stage 1", keys(weights_names)},
      {"pretrain-sigma", "/pretrain/sigma", "as --sigma, in stage 1"},
      {"pretrain-exclude-near", "/pretrain/exclude_near", "as --exclude-near, in stage 1"},
      {"pretrain-contrastive", "/pretrain/contrastive", "as --contrastive, in stage 1, which has no labels", losses_without_labels()},
      {"pretrain-contrast-on", "/pretrain/contrast_on", "as --contrast-on, in stage 1", keys(contrast_on_names)},
      {"pretrain-schedule", "/pretrain/schedule", "as --schedule, in stage 1; plateau goes by the training loss", keys(schedule_names)},
      {"pretrain-warmup-epochs", "/pretrain/warmup_epochs", "as --warmup-epochs, in stage 1"},
      {"pretrain-schedule-patience", "/pretrain/schedule_patience", "as --schedule-patience, in stage 1"},
      {"pretrain-schedule-factor", "/pretrain/schedule_factor", "as --schedule-factor, in stage 1"},
      {"pretrain-accumulate", "/pretrain/accumulate", "as --accumulate, in stage 1"},
      {"pretrain-ema", "/pretrain/ema", "as --ema, in stage 1; the average is what stage 2 begins with"},
      {"pretrain-splits", "/pretrain_splits", "dialogs of --pretrain-data that stage 1 sees", keys(pretrain_splits_names)},
      {"modalities", "/model/modalities", "of the data, such as text,audio,visual or t,a,v; two or more for idcl and info_nce"},
      {"hidden", "/model/hidden", "width of the network, a multiple of --heads"},
      {"heads", "/model/heads", "attention heads"},
      {"layers", "/model/layers", "encoder layers a modality"},
      {"dropout", "/model/dropout", "in [0, 1)"},
      {"norm-first", "/model/norm_first", "layer norm before the first attention as well"},
      {"pre-norm", "/model/pre_norm", "x + attention(norm(x)) in every layer"},
      {"backbone", "/model/backbone", "what reads the utterances; gru is bidirectional", keys(backbone_names)},
      {"fusion", "/model/fusion", "of the modalities", keys(fusion_names)},
      {"speaker-embedding", "/model/speaker_embedding", "add a learnt vector a speaker to what the encoders read"},
      {"dead-modules", "/model/dead_modules", "hold the unused modules of the released code"},
      {"pooling", "/pooling", "what the embedding of a dialog averages", keys(pooling_names)},
      {"arithmetic", "/arithmetic", "of the contrastive term", keys(arithmetic_names)},
      {"limit-neighbors", "/limit_neighbors", "K at most half of the other dialogs"},
      {"class-weights", "/class_weights", "in the cross-entropy, from the training split", keys(class_weight_names)},
      {"label-smoothing", "/label_smoothing", "share of the target that goes to all classes alike, in [0, 1)"},
      {"select", "/selection", "which epoch's weights are kept; `test` is a diagnostic, no result", keys(selection_names)},
      {"patience", "/patience", "epochs without a better dev score before the end, 0: never"},
      {"device", "/device", "cpu, cuda, cuda:1"},
      {"threads", "/threads", "0: one a core"},
      {"deterministic", "/deterministic", "refuse operations that are not"},
      {"save-seconds", "/save_seconds", "between two states to resume from"},
  };
  return all;
}

std::string shown(const Json& value, const char* between = " ") {
  if (!value.is_array()) return value.is_string() ? value.get<std::string>() : value.dump();
  std::string joined;
  for (const auto& item : value) joined += (joined.empty() ? "" : between) + shown(item);
  return joined;
}

/// Where the field of a flag stands. Throws UsageError with the flag that was meant.
std::string pointer_of(const std::string& flag) {
  std::vector<std::string> names{"ablation"};
  if (flag == names[0]) return "/ablation";
  for (const auto& knob : knobs()) {
    if (flag == knob.flag) return knob.pointer;
    names.emplace_back(knob.flag);
  }
  throw UsageError("no flag of training is named " + flag + did_you_mean(flag, names));
}

/// A value as it was typed, in the type of the field.
Json parsed(const std::string& flag, const std::string& text, const Json& standard) {
  if (standard.is_string()) return text;
  if (standard.is_array()) {
    auto list = Json::array();
    std::istringstream stream(text);
    for (std::string item; std::getline(stream, item, '+');) list.push_back(item);
    return list;
  }
  auto value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (standard.is_boolean() ? value.is_boolean() : standard.is_number_integer() ? value.is_number_integer() : value.is_number())
    return value;
  throw UsageError(flag + "=" + text + ": expected a value such as " + standard.dump());
}

}  // namespace

Config demo_preset() {
  Config config;
  config.model.hidden = 64;
  config.model.heads = 4;
  config.finetune.epochs = 40;
  config.pretrain.epochs = 10;
  return config;
}

TrainFlags::TrainFlags(CLI::App& app) : app_(app), splits_(app) {
  splits_.add_folds();
  app.add_option("--data", data_, "corpus: a feature pickle or a folder in the open format")->required()->type_name("PATH");
  app.add_option("--pretrain-data", pretrain_data_, "corpus of stage 1 (setting C)")->type_name("PATH");
  app.add_option("--out", out_, "folder for the results")->required()->type_name("DIR");
  auto* resume = app.add_flag("--resume", resume_, "go on with what stands in --out");
  app.add_flag("--overwrite", overwrite_, "begin anew; the old result stays beside until the new one is done")->excludes(resume);
  app.add_flag("--quiet", quiet_, "no progress");
  app.add_flag("--json", json_, "print the results as JSON and nothing else");
  app.add_option("--preset", preset_,
                 "what the other flags start from: official is the released code, demo a small network for synthetic data")
      ->check(CLI::IsMember({"default", "official", "demo"}))
      ->capture_default_str();
  for (const auto& knob : knobs()) add(knob.flag, knob.pointer, knob.help, knob.choices);
}

void TrainFlags::add(const std::string& flag, const std::string& pointer, const std::string& help, std::vector<std::string> choices) {
  const auto standard = Json(Config{}).at(Json::json_pointer(pointer));
  const auto name = "--" + flag;
  const auto say = [this, pointer](const auto& value) { said_[pointer] = value; };
  CLI::Option* option = nullptr;
  if (standard.is_boolean())
    app_.add_flag_function(name + ",!--no-" + flag, [say](int64_t times) { say(times > 0); }, help + (standard.get<bool>() ? " (on)" : ""));
  else if (standard.is_number_unsigned())
    option = app_.add_option_function<int64_t>(
                     name, [say](const int64_t& value) { say(static_cast<uint64_t>(value)); }, help)
                 ->check(at_least(0));
  else if (standard.is_number_integer())
    option = app_.add_option_function<int64_t>(name, say, help)->check(whole());
  else if (standard.is_number())  // CLI11 reads a long double and rounds it again, which may miss the nearest double
    option = app_.add_option_function<std::string>(
                     name, [say](const std::string& text) { say(std::strtod(text.c_str(), nullptr)); }, help)
                 ->check(CLI::TypeValidator<double>(""))
                 ->type_name("FLOAT");
  else if (standard.is_array())
    option = app_.add_option_function<std::vector<std::string>>(name, say, help)->delimiter(',');
  else
    option = app_.add_option_function<std::string>(name, say, help);
  if (option) option->default_str(shown(standard));
  if (option && !standard.is_array()) option->take_last();  // so that a script's flags can be overruled behind them
  if (!choices.empty()) option->check(CLI::IsMember(choices));
}

Json TrainFlags::asked() const {
  Json json = preset_ == "official" ? Config::official() : preset_ == "demo" ? demo_preset() : Config{};
  for (const auto& [pointer, value] : said_) json[Json::json_pointer(pointer)] = value;
  return json;
}

Config TrainFlags::config(const Assignments& more) const {
  static const std::map<std::string, std::string> whole{{"t", "text"}, {"a", "audio"}, {"v", "visual"}};
  auto json = asked();
  for (const auto& [flag, text] : more) {
    auto& field = json[Json::json_pointer(pointer_of(flag))];
    field = parsed(flag, text, field);
  }
  auto config = json.get<Config>();
  for (auto& modality : config.model.modalities)
    if (const auto found = whole.find(modality); found != whole.end()) modality = found->second;
  check(config);
  return config;
}

Json TrainFlags::standard(const std::string& flag) { return Json(Config{}).at(Json::json_pointer(pointer_of(flag))); }

std::vector<std::string> TrainFlags::words(const Config& config) {
  const Json json = config, standard = Config{};
  std::vector<std::string> words{"--ablation", json.at("ablation").get<std::string>()};
  for (const auto& knob : knobs()) {
    const auto& value = json.at(Json::json_pointer(knob.pointer));
    if (value == standard.at(Json::json_pointer(knob.pointer))) continue;
    words.push_back((value == Json(false) ? "--no-" : "--") + std::string(knob.flag));
    if (!value.is_boolean()) words.push_back(shown(value, ","));
  }
  return words;
}

std::string TrainFlags::setting(const std::string& asked) const {
  const bool pretrain = !pretrain_data_.empty();
  if (asked == "C" && !pretrain)
    throw UsageError("setting C pre-trains on another corpus: name it by --pretrain-data PATH, or take --ablation A or B");
  return !asked.empty() ? asked : pretrain ? "C" : "B";
}

Existing TrainFlags::existing() const { return resume_ ? Existing::Resume : overwrite_ ? Existing::Overwrite : Existing::Refuse; }

}  // namespace merc::commands
