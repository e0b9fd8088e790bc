#include "classifier.hpp"

#include "fit.hpp"
#include "model/weights.hpp"
#include "predict.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace merc {

struct Classifier::Network {
  merc::Network network;
  Pooling pooling;
  std::string source;
  torch::Device device;
};

namespace {

Matrix matrix_of(const Tensor& rows) {
  const auto values = rows.to(at::kFloat).cpu().contiguous();
  const auto* data = values.const_data_ptr<float>();
  return {values.size(0), values.size(1), {data, data + values.numel()}};
}

void append(Matrix& matrix, const Tensor& rows) {
  auto more = matrix_of(rows);
  matrix.rows += more.rows;
  matrix.cols = more.cols;
  matrix.values.insert(matrix.values.end(), more.values.begin(), more.values.end());
}

}  // namespace

Classifier::Classifier(std::shared_ptr<Network> network) : network_(std::move(network)) {}

Classifier Classifier::from_run(const std::filesystem::path& folder, const std::string& device) {
  const auto file = folder / "config.json";
  std::ifstream stream(file);
  if (!stream) throw DataError(file.string() + ": cannot be opened; expected the folder of a finished idcl-merc train");
  Config config;
  try {
    config = nlohmann::json::parse(stream);
  } catch (const nlohmann::json::exception&) {
    throw DataError(file.string() + ": is no JSON");
  } catch (const UsageError& error) {
    throw DataError(file.string() + ": " + error.what());
  }
  if (!std::filesystem::exists(folder / "best.pt"))
    throw DataError((folder / "best.pt").string() + ": is missing; the run has not finished, go on with --resume");
  return from_weights(folder / "best.pt", config, device);
}

Classifier Classifier::from_weights(const std::filesystem::path& file, const Config& config, const std::string& device) {
  const auto where = device_of(device);
  const auto state = read_weights(file);
  const auto own = read_config(file).value_or(config);
  merc::Network network(infer_options(state, own.model, file.string()));
  load(*network, state, file.string());
  network->to(where);
  return Classifier(std::make_shared<Network>(Network{network, own.pooling, file.string(), where}));
}

Predictions Classifier::predict(const Corpus& corpus, const std::string& split) const {
  const auto& options = network_->network->options;
  if (options.classes == 0)
    throw DataError(network_->source +
                    ": holds encoders alone, as stage 1 leaves them: they embed and do not classify; take best.pt of a run");
  check_fit(corpus, options.widths, options.classes);
  check_fit(corpus, split, options.architecture.modalities);
  return merc::predict(*network_->network, evaluation_batches(dialogs_of(corpus, {split}), options, network_->device));
}

Classifier::Embeddings Classifier::embed(const Corpus& corpus, const std::string& split) const {
  const at::NoGradGuard no_grad;
  auto& network = *network_->network;
  const auto& modalities = network.options.architecture.modalities;
  check_fit(corpus, network.options.widths, network.options.classes);
  check_fit(corpus, split, modalities);
  Embeddings result;
  auto dropout = Dropout::none();
  const auto add = [&](const std::string& name, const Tensor& rows, const Layout& layout) {
    append(result.utterances[name], rows);
    append(result.dialogs[name], pool(rows, layout, Pooling::Masked));
  };
  for (const auto& batch : evaluation_batches(dialogs_of(corpus, {split}), network.options, network_->device)) {
    const auto encoded = network.encode(batch, dropout);
    for (size_t i = 0; i < encoded.size(); ++i) add(modalities[i], encoded[i], batch.layout);
    if (network.options.classes > 0) add("fused", network.fuse(encoded), batch.layout);
  }
  return result;
}

int Classifier::classes() const { return static_cast<int>(network_->network->options.classes); }

}  // namespace merc
